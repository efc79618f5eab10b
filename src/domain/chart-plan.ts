/** What a drawing of a chart holds, before anything has a place: see src/kernel/drawing/chart-plan.ts. */

/** An inlet is an edge from a state of the same group, told at the state that it leads to. */
export type PlanRow =
  | { readonly kind: 'invoke' | 'entry'; readonly text: string }
  | { readonly kind: 'inlet'; readonly text: string; readonly edges: readonly string[] };

export type PlanNode = {
  /** The place: the chart's id and the keys on the way to the state. Of a group: made up. */
  readonly id: string;
  readonly key: string;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history' | 'group';
  readonly parent: string | null;
  readonly children: readonly string[];
  readonly initial: string | null;
  readonly rows: readonly PlanRow[];
  /** Of a history state: whether it goes all the way down. */
  readonly isDeep?: boolean;
  /** The regions that this one stands for, itself among them. */
  readonly alike?: readonly { readonly id: string; readonly key: string }[];
};

export type PlanEdge = {
  readonly id: string;
  /** The edges of the chart that it stands for. */
  readonly edges: readonly string[];
  readonly source: string;
  readonly target: string;
  readonly kind: 'event' | 'always' | 'after' | 'done' | 'error';
  readonly labels: readonly string[];
};

export type ChartPlan = {
  readonly root: string;
  readonly nodes: readonly PlanNode[];
  readonly edges: readonly PlanEdge[];
};
