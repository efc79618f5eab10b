/** What the API is told and what it answers, as TypeScript. test/client/route-types.test.ts holds them against its schemas. */

import type { CallNow } from './types/call.ts';

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
  /** Its input. */
  readonly input?: Json;
  /** The tenant. */
  readonly tenant?: string;
  /** The user for whom the run works. */
  readonly user?: string;
  /** Runs of one pipeline share a shard, and older pipelines are finished first. */
  readonly pipeline?: string;
  /** The run's class. */
  readonly priority?: Priority;
  /** Words by which people find the run again: 16 at most, each of 1 to 64 characters without a comma. */
  readonly tags?: readonly string[];
};
/** A start that names its agent. */
export type Start = StartOptions & {
  /** The agent's name. */
  readonly agent: string;
};

/** A run that was accepted. */
export type Started = {
  /** The id. */
  readonly id: string;
  /** The tenant. */
  readonly tenant: string;
};

/** The error with which a run failed or was cancelled. */
export type RunError = {
  /** The code. */
  readonly code: string;
  /** What happened, in words. */
  readonly message: string;
  readonly [key: string]: unknown;
};

/** A run as lists have it. */
export type Run = {
  /** The id. */
  readonly id: string;
  /** The tenant. */
  readonly tenant: string;
  /** The agent's name. */
  readonly agent: string;
  /** The version. */
  readonly version: string;
  /** The user for whom the run works. */
  readonly user: string;
  /** The pipeline to which the run belongs. */
  readonly pipeline: string;
  /** The run that started it; null when none did. */
  readonly parentRunId: string | null;
  /** The run's class. */
  readonly priority: Priority;
  /** Words by which people find it. */
  readonly tags: readonly string[];
  /** The status. */
  readonly status: RunStatus;
  /** The reason, in words. */
  readonly reason: string | null;
  /** The code of the error with which it has ended; null for one that has none. */
  readonly code: string | null;
  /** The turn's number. */
  readonly turn: number;
  /** When it was accepted, in ms since 1970. */
  readonly createdAtMs: number;
  /** When it ended, in ms since 1970; null while it is open. */
  readonly endedAtMs: number | null;
};

/** A run in full. */
export type RunInFull = Run & {
  /** What it waits for, in words; null when it has ended. */
  readonly waitsFor: string | null;
  /** Where its provider calls stand; absent for a run that calls none. */
  readonly call?: CallNow;
  /** The state value of its chart. */
  readonly state: Json;
  /** Its input. */
  readonly input: Json;
  /** What its chart gave; null when it gave nothing. */
  readonly output?: Json;
  /** The error with which it failed or was cancelled. */
  readonly error?: RunError;
};

/** What a run came to. A failure is an answer, and no error of the request. */
export type Outcome = {
  /** The id. */
  readonly id: string;
  /** The status. */
  readonly status: RunStatus;
  /** What its chart gave; null when it gave nothing. */
  readonly output?: Json;
  /** The error with which it failed or was cancelled. */
  readonly error?: RunError;
};

/** The chart of a run: where it stands, and what it has open. */
export type RunInside = {
  /** The turn's number. */
  readonly turn: number;
  /** The state value of its chart. */
  readonly state: Json;
  /** The context of its chart. */
  readonly context: Json;
  /** Its open invocations. `dueInMs`: when the time limit of one ends it; null without one. */
  readonly open: readonly {
    /** The id. */
    readonly id: string;
    /** What it invokes. */
    readonly src: string;
    /** When it is due, in ms from now; null without a limit. */
    readonly dueInMs: number | null;
    readonly [key: string]: unknown;
  }[];
  /** Timers of the chart, soonest first. */
  readonly timers: readonly {
    /** The id. */
    readonly id: string;
    /** When it is due, in ms from now; null without a limit. */
    readonly dueInMs: number;
  }[];
};

/** One thing for which a run waits. Its kind says which fields it has. */
export type Wait = {
  /** Which of these it is. */
  readonly kind: string;
  readonly [key: string]: unknown;
};
/** A run that must do something before another can go on. */
export type Hop = {
  /** The run's id. */
  readonly runId: string;
  /** The agent's name. */
  readonly agent: string;
  /** The status. */
  readonly status: RunStatus;
  /** The run that waits for it. */
  readonly waitedForBy: string;
  /** How far it stands from the run that was asked about. */
  readonly depth: number;
  /** Whether it is a child, or may publish the message. */
  readonly as: 'child' | 'publisher';
  /** What its chart can still publish; null for a child. */
  readonly canPublish: 'by-chart' | 'by-code' | 'no' | 'unknown' | null;
  /** What it waits for. */
  readonly waits: readonly Wait[];
  /** The same, in words. */
  readonly words: string;
};
/** Why a run is where it is. */
export type Why = {
  /** The run's id. */
  readonly runId: string;
  /** The agent's name. */
  readonly agent: string;
  /** The version. */
  readonly version: string;
  /** The status. */
  readonly status: RunStatus;
  /** Since when, in ms since 1970. */
  readonly sinceMs: number;
  /** The whole, in a few sentences. */
  readonly words: string;
  /** What it waits for. */
  readonly waits: readonly Wait[];
  /** Why phases and places of its calls are not known; null when they are. */
  readonly unknown: string | null;
  /** The runs that stand in its way. */
  readonly chain: {
    /** The runs, the nearest first. */
    readonly hops: readonly Hop[];
    /** Runs that wait for one another; empty without such a circle. */
    readonly circle: readonly string[];
    /** Channels on which no open run of the pipeline can publish any more. */
    readonly nobodyOpen: readonly {
      /** The run's id. */
      readonly runId: string;
      /** The channels. */
      readonly channels: readonly string[];
    }[];
    /** True when there is more than this. */
    readonly isCut: boolean;
  };
  /** The error with which it has ended; null for a run that has none. */
  readonly lastError: RunError | null;
};

/** A page of a list. An empty cursor: there are no more. */
export type Page<Item> = {
  /** The things on this page. */
  readonly items: readonly Item[];
  /** For the next page; empty when there is none. */
  readonly cursor: string;
};

/** A turn of a run, with the events that it took, in order. */
export type Turn = {
  /** The turn's number. */
  readonly turn: number;
  /** The build that took the turn; null where it was not noted. */
  readonly build: string | null;
  /** When, in ms since 1970. */
  readonly atMs: number;
  /** The run's status after the turn; null where it was not noted. */
  readonly status: RunStatus | null;
  /** What the turn took, in order. */
  readonly entries: readonly TurnEntry[];
};

/** A line of a journal. The fields that stand beside these are those of its kind. */
export type TurnEntry = {
  /** What it is: an event, a result, a command … */
  readonly kind: string;
  /** Who has sent it: a token's name, `library` or `loopback`. Absent where nobody has. */
  readonly by?: string | undefined;
  readonly [field: string]: unknown;
};

/** A question that a run asks. */
export type Question = {
  /** Names the question for ever. */
  readonly askId: string;
  /** The run's id. */
  readonly runId: string;
  /** The agent's name. */
  readonly agent: string;
  /** The invocation. */
  readonly invocationId: string;
  /** The question's words; null when they are not known. */
  readonly question: string;
  /** The JSON Schema that an answer must fit; null: every answer fits. */
  readonly schema: Json;
  /** What comes with it. */
  readonly data: Json;
  /** Who should answer; null when nobody was named. */
  readonly assignee: string | null;
  /** When it was asked, in ms since 1970. */
  readonly askedAtMs: number;
};

/** A message of a channel. */
export type Message = {
  /** The channel. */
  readonly channel: string;
  /** Its number in the channel, from 1. */
  readonly seq: number;
  /** The message's id. */
  readonly messageId: string;
  /** What was published. */
  readonly payload: Json;
  /** The run's id. */
  readonly runId: string | null;
  /** When it was published, in ms since 1970. */
  readonly publishedAtMs: number;
};
/** A message under a lease. */
export type LeasedMessage = Message & {
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  /** Acknowledges the message; it ends with the lease. */
  readonly token: string;
};

/** Who owns a memory entry. */
export type MemoryOwner =
  | {
      /** Whose it is: of a run, an agent, a user or the tenant. */
      readonly scope: 'tenant';
    }
  | {
      /** Whose it is: of a run, an agent, a user or the tenant. */
      readonly scope: 'run' | 'agent' | 'user';
      /** The run's id, the agent or the user. */
      readonly owner: string;
    };

/** A version of a memory entry. */
export type MemoryVersion = {
  /** The version. */
  readonly version: number;
  /** The version before it; null for the first. */
  readonly parent: number | null;
  /** The value. */
  readonly value: Json;
  /** True when this version is a deletion. */
  readonly deleted: boolean;
  /** The run's id. */
  readonly runId: string | null;
  /** The turn's number. */
  readonly turn: number | null;
};
/** A memory entry, with as many earlier versions as were asked for. */
export type MemoryEntry = {
  /** The key. */
  readonly key: string;
  /** The version. */
  readonly version: number;
  /** The value. */
  readonly value: Json;
  /** Earlier versions, newest first. */
  readonly history: readonly MemoryVersion[];
};
/** A version that was written. */
export type Written = {
  /** The key. */
  readonly key: string;
  /** The version. */
  readonly version: number;
};

/** A bound of tokens and cost. */
export type Budget = {
  /** Tokens. */
  readonly tokens?: number;
  /** Cost, in the currency of the prices. */
  readonly cost?: number;
  /** `day`: what was used counts until the end of the day, UTC. */
  readonly per?: 'day';
};
/** A budget and its use. */
export type BudgetView = {
  /** The bound; null without one. */
  readonly budget: Budget | null;
  /** What was used. */
  readonly spent: {
    /** Tokens. */
    readonly tokens: number;
    /** Cost, in the currency of the prices. */
    readonly cost: number;
  };
  /** What calls under way may use. */
  readonly reserved: {
    /** Tokens. */
    readonly tokens: number;
    /** Cost, in the currency of the prices. */
    readonly cost: number;
  };
};
/** Whose budget: the tenant's own without either. */
export type BudgetOwner =
  | {
      /** The user for whom the run works. */
      readonly user?: string;
      /** The run's id. */
      readonly runId?: never;
    }
  | {
      /** The run's id. */
      readonly runId: string;
      /** The user for whom the run works. */
      readonly user?: never;
    };

/** What replicas have found out about a gate. */
export type Provider = {
  /** The gate: a provider, or one model of it. */
  readonly gate: string;
  /** The status. */
  readonly status: string;
  /** For how much longer it has asked to wait, in ms. */
  readonly coolForMs: number;
  /** When it is asked again, in ms from now. */
  readonly probeInMs: number;
  /** Probes that failed one after the other. */
  readonly failedProbes: number;
  /** How many at most. */
  readonly limit: number;
  /** How many calls it may take at once at most. */
  readonly ceiling: number;
  /** Calls in its slots. */
  readonly inUse: number;
  /** How many of its calls were answered with a 429, in all. */
  readonly rateLimited: number;
  /** Calls in line for it, at all replicas. */
  readonly line: {
    /** How many; a call that may go through several gates stands in line for each. */
    readonly length: number;
    /** How long ago it was counted, in ms. */
    readonly agoMs: number;
  };
  /** The last order of a person for it; null when none was given. */
  readonly lastOrder: {
    /** What was ordered. */
    readonly kind: 'reopen' | 'probe';
    /** Who ordered it. */
    readonly by: string;
    /** How long ago, in ms. */
    readonly agoMs: number;
  } | null;
  /** The last fault of its own; null when none is known. */
  readonly lastFault: {
    /** The words. */
    readonly text: string;
    /** How long ago, in ms. */
    readonly agoMs: number;
  } | null;
  /** Providers that share its ceiling. */
  readonly sharesCeilingWith: readonly string[];
};

/** A version of an agent that a replica has registered. */
export type AgentVersionView = {
  /** The agent's name. */
  readonly agent: string;
  /** The version. */
  readonly version: string;
  /** The hash of the parts of the chart on which open runs depend. */
  readonly structure: string;
  /** When it was registered last, in ms since 1970. */
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
