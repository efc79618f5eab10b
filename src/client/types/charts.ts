/** A chart as it is drawn: what it holds, and where everything is. */

/** A line within a state. */
export type ChartRow = {
  /** What it invokes, its entry actions, or an edge from a state of the same group. */
  readonly kind: 'invoke' | 'entry' | 'inlet';
  /** In words. */
  readonly text: string;
  /** Of an inlet: the edges of the chart that it stands for. */
  readonly edges?: readonly string[];
};

/** A state of a chart. */
export type ChartNode = {
  /** The chart's id and the keys on the way to the state. */
  readonly id: string;
  /** Its name. */
  readonly key: string;
  /** Which of these it is; a group holds states with the same way out. */
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history' | 'group';
  /** The state around it; null for the chart itself. */
  readonly parent: string | null;
  /** The states in it. */
  readonly children: readonly string[];
  /** The state that it begins in; null where there is none. */
  readonly initial: string | null;
  /** What stands in it. */
  readonly rows: readonly ChartRow[];
  /** Of a history state: whether it goes all the way down. */
  readonly isDeep?: boolean;
  /** The regions that this one stands for, itself among them. */
  readonly alike?: readonly {
    /** The region's place. */
    readonly id: string;
    /** Its name. */
    readonly key: string;
  }[];
};

/** An edge of a drawing. */
export type ChartEdge = {
  /** Names it within the drawing. */
  readonly id: string;
  /** The edges of the chart that it stands for, as turns name them. */
  readonly edges: readonly string[];
  /** The state that it leaves. */
  readonly source: string;
  /** The state that it leads to. */
  readonly target: string;
  /** What takes it. */
  readonly kind: 'event' | 'always' | 'after' | 'done' | 'error';
  /** A line each. */
  readonly labels: readonly string[];
};

/** A place, in px from the upper left corner. */
export type ChartBox = {
  /** From the left. */
  readonly x: number;
  /** From above. */
  readonly y: number;
  /** How wide. */
  readonly width: number;
  /** How high. */
  readonly height: number;
};

/** Where everything is. */
export type ChartDrawing = {
  /** How the chart runs. */
  readonly direction: 'DOWN' | 'RIGHT';
  /** How wide, in px. */
  readonly width: number;
  /** How high, in px. */
  readonly height: number;
  /** By the id of a state; the dot at which it begins has the id with ` initial` behind it. */
  readonly nodes: Readonly<Record<string, ChartBox>>;
  /** By the id of an edge; that of a dot has the dot’s id with ` edge` behind it. */
  readonly edges: Readonly<
    Record<
      string,
      {
        /** From the source to the target. */
        readonly points: readonly (readonly number[])[];
        /** Where its words are; null without words. */
        readonly label: ChartBox | null;
      }
    >
  >;
};

/** The chart of a version of an agent. */
export type AgentChart = {
  /** What it holds. */
  readonly plan: {
    /** The chart itself. */
    readonly root: string;
    /** Its states, each before those in it. */
    readonly nodes: readonly ChartNode[];
    /** Its edges. */
    readonly edges: readonly ChartEdge[];
  };
  /** Where everything is; null when it could not be laid out. */
  readonly drawing: ChartDrawing | null;
  /** Why it was not laid out; null when it was. */
  readonly why: string | null;
};
