/** What the API is told and what it answers, as TypeScript. test/client/route-types.test.ts holds them against its schemas. */

/** Any JSON. */
export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** A run's status. */
export type RunStatus =
  | 'queued'
  | 'admitted'
  | 'calling-provider'
  | 'running-task'
  | 'waiting-on-channel'
  | 'waiting-on-timer'
  | 'waiting-on-person'
  | 'waiting-on-child'
  | 'backoff'
  | 'stalled'
  | 'paused'
  | 'completed'
  | 'failed'
  | 'cancelled';

/** Runs of a higher priority are served first. */
export type Priority = 'interactive' | 'normal' | 'batch';

/** Options of a start. */
export type StartOptions = {
  readonly input?: Json;
  readonly tenant?: string;
  readonly user?: string;
  /** Runs of one pipeline share a shard, and older pipelines are finished first. */
  readonly pipeline?: string;
  readonly priority?: Priority;
};
/** A start that names its agent. */
export type Start = StartOptions & { readonly agent: string };

/** A run that was accepted. */
export type Started = { readonly id: string; readonly tenant: string };

/** The error with which a run failed or was cancelled. */
export type RunError = {
  readonly code: string;
  readonly message: string;
  readonly [key: string]: unknown;
};

/** A run as lists have it. */
export type Run = {
  readonly id: string;
  readonly tenant: string;
  readonly agent: string;
  readonly version: string;
  readonly user: string;
  readonly pipeline: string;
  readonly parentRunId: string | null;
  readonly priority: Priority;
  readonly status: RunStatus;
  readonly reason: string | null;
  readonly turn: number;
  readonly createdAtMs: number;
  readonly endedAtMs: number | null;
};

/** A run in full. */
export type RunInFull = Run & {
  /** What it waits for, in words; null when it has ended. */
  readonly waitsFor: string | null;
  /** The state value of its chart. */
  readonly state: Json;
  readonly input: Json;
  readonly output?: Json;
  readonly error?: RunError;
};

/** What a run came to. A failure is an answer, and no error of the request. */
export type Outcome = {
  readonly id: string;
  readonly status: RunStatus;
  readonly output?: Json;
  readonly error?: RunError;
};

/** The chart of a run: where it stands, and what it has open. */
export type RunInside = {
  readonly turn: number;
  readonly state: Json;
  readonly context: Json;
  /** Its open invocations. `dueInMs`: when the time limit of one ends it; null without one. */
  readonly open: readonly {
    readonly id: string;
    readonly src: string;
    readonly dueInMs: number | null;
    readonly [key: string]: unknown;
  }[];
  readonly timers: readonly { readonly id: string; readonly dueInMs: number }[];
};

/** One thing for which a run waits. Its kind says which fields it has. */
export type Wait = { readonly kind: string; readonly [key: string]: unknown };
/** A run that must do something before another can go on. */
export type Hop = {
  readonly runId: string;
  readonly agent: string;
  readonly status: RunStatus;
  readonly waitedForBy: string;
  readonly depth: number;
  readonly as: 'child' | 'publisher';
  readonly canPublish: 'by-chart' | 'by-code' | 'no' | 'unknown' | null;
  readonly waits: readonly Wait[];
  readonly words: string;
};
/** Why a run is where it is. */
export type Why = {
  readonly runId: string;
  readonly agent: string;
  readonly version: string;
  readonly status: RunStatus;
  readonly sinceMs: number;
  /** The whole, in a few sentences. */
  readonly words: string;
  readonly waits: readonly Wait[];
  readonly chain: {
    readonly hops: readonly Hop[];
    readonly circle: readonly string[];
    readonly nobodyOpen: readonly {
      readonly runId: string;
      readonly channels: readonly string[];
    }[];
    readonly isCut: boolean;
  };
  readonly lastError: RunError | null;
};

/** Which runs are wanted. */
export type RunsQuery = {
  readonly status?: readonly RunStatus[];
  readonly agent?: string;
  readonly pipeline?: string;
  readonly limit?: number;
  readonly cursor?: string;
};

/** A page of a list. An empty cursor: there are no more. */
export type Page<Item> = { readonly items: readonly Item[]; readonly cursor: string };

/** A turn of a run, with the events that it took, in order. */
export type Turn = {
  readonly turn: number;
  readonly build: string | null;
  readonly atMs: number;
  readonly entries: readonly Json[];
};

/** A question that a run asks. */
export type Question = {
  readonly askId: string;
  readonly runId: string;
  readonly invocationId: string;
  readonly question: string;
  readonly schema: Json;
  readonly data: Json;
  readonly assignee: string | null;
  readonly askedAtMs: number;
};

/** A message of a channel. */
export type Message = {
  readonly channel: string;
  readonly seq: number;
  readonly messageId: string;
  readonly payload: Json;
  readonly runId: string | null;
  readonly publishedAtMs: number;
};
/** A message under a lease. */
export type LeasedMessage = Message & { readonly attempt: number; readonly token: string };

/** Who owns a memory entry. */
export type MemoryOwner =
  | { readonly scope: 'tenant' }
  | { readonly scope: 'run' | 'agent' | 'user'; readonly owner: string };

/** A version of a memory entry. */
export type MemoryVersion = {
  readonly version: number;
  readonly parent: number | null;
  readonly value: Json;
  readonly deleted: boolean;
  readonly runId: string | null;
  readonly turn: number | null;
};
/** A memory entry, with as many earlier versions as were asked for. */
export type MemoryEntry = {
  readonly key: string;
  readonly version: number;
  readonly value: Json;
  readonly history: readonly MemoryVersion[];
};
/** A version that was written. */
export type Written = { readonly key: string; readonly version: number };

/** An evaluation that a run was given. */
export type Evaluation = {
  readonly evaluationId: string;
  readonly subjectRunId: string;
  readonly evaluatorRunId: string;
  readonly score: number;
  readonly rationale: string;
};

/** A bound of tokens and cost. */
export type Budget = { readonly tokens?: number; readonly cost?: number; readonly per?: 'day' };
/** A budget and its use. */
export type BudgetView = {
  readonly budget: Budget | null;
  readonly spent: { readonly tokens: number; readonly cost: number };
  readonly reserved: { readonly tokens: number; readonly cost: number };
};
/** Whose budget: the tenant's own without either. */
export type BudgetOwner =
  | { readonly user?: string; readonly runId?: never }
  | { readonly runId: string; readonly user?: never };

/** What replicas have found out about a gate. */
export type Provider = {
  readonly gate: string;
  readonly status: string;
  readonly coolForMs: number;
  readonly probeInMs: number;
  readonly failedProbes: number;
  readonly limit: number;
  readonly ceiling: number;
  readonly inUse: number;
  readonly lastFault: { readonly text: string; readonly agoMs: number } | null;
  readonly sharesCeilingWith: readonly string[];
};

/** A version of an agent that a replica has registered. */
export type AgentVersionView = {
  readonly agent: string;
  readonly version: string;
  readonly structure: string;
  readonly registeredAtMs: number;
  /** True: the replica that answers can run it. */
  readonly isHere: boolean;
};
/** A version of an agent in full. */
export type AgentInFull = AgentVersionView & {
  /** The chart's config, functions by their names; null where it is missing. */
  readonly definition: Json;
  /** Why the definition is missing, in words; null where it is not. */
  readonly definitionMissing: string | null;
  /** The JSON Schema of its input; null: it takes any. */
  readonly input: Json;
  /** By event type: the JSON Schema of the event's fields. */
  readonly events: { readonly [type: string]: Json };
};
