/** What the activity stream tells: docs/streams.md. */
export type RowFrame = {
  readonly runId: string;
  readonly status: string;
  readonly turn: number;
  readonly phase: string | null;
  readonly provider: string | null;
  /** Present when the run is new. */
  readonly agent?: string;
  readonly user?: string;
  readonly pipeline?: string;
  readonly createdAtMs?: number;
};

type GateFrame = {
  readonly gate: string;
  readonly status: string;
  readonly coolForMs: number;
  readonly limit: number;
  readonly ceiling: number;
  readonly inUse: number;
  /** 429s in all. */
  readonly rateLimited: number;
  readonly line: { readonly length: number };
};

export type Frame = {
  readonly counts: Readonly<Record<string, number>>;
  readonly phases: Readonly<Record<string, number>>;
  readonly ended?: {
    readonly completed: number;
    readonly failed: number;
    readonly cancelled: number;
  };
  readonly changes?: readonly RowFrame[];
  readonly rows?: readonly RowFrame[];
  readonly total?: number;
  readonly every?: number;
  readonly isWhole?: boolean;
  readonly resync?: boolean;
  readonly gates?: readonly GateFrame[];
};
