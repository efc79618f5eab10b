/** What a run did, as the API tells it. */
import type { Json, RunStatus, Turn } from '../api-types.ts';
import type { AbortLike } from '../fetch-like.ts';

/** Which turns are wanted: the first ones after a turn, or the last ones before a turn. */
export type TurnsQuery = {
  /** Only turns after this one. Not beside `before`. */
  readonly after?: number;
  /** Only turns before this one. */
  readonly before?: number;
  /** How many turns at most. */
  readonly limit?: number;
};

/** How a read is ended that nobody wants any more. */
export type Stoppable = {
  /** Ends the request. */
  readonly signal?: AbortLike;
};

/** A transition that a turn took. */
export type Edge = {
  /** Names the edge within its chart. */
  readonly id: string;
  /** The state that has the transition. */
  readonly source: string;
  /** The event; what is no event of the chart's own begins with `@`. */
  readonly event: string;
  /** Its place among the candidates for the event, from 0. */
  readonly branch: number;
  /** The states that it leads to; none where it stays. */
  readonly targets: readonly string[];
};

/** What an invocation invokes: an actor of heddle's own, a task, a child run. */
export type InvokedKind =
  | 'generate'
  | 'receive'
  | 'publish'
  | 'remember'
  | 'recall'
  | 'forget'
  | 'evaluate'
  | 'ask'
  | 'task'
  | 'child';

/** What a turn opened: an invocation that the chart began, or a timer that it set. */
export type TurnOpened =
  | {
      /** Marks an invocation. */
      readonly kind: 'invocation';
      /** The id. */
      readonly id: string;
      /** Which start of the invocation. */
      readonly incarnation: number;
      /** What is invoked: an actor of heddle's own, a task, a child run. */
      readonly source: InvokedKind;
      /** The name of the actor or task, or of the child's agent. */
      readonly src: string;
    }
  | {
      /** Marks a timer. */
      readonly kind: 'timer';
      /** Names the delay and the state. */
      readonly id: string;
      /** Which start of the timer. */
      readonly generation: number;
      /** When it rings, in ms from its turn. */
      readonly delayMs: number;
    };

/** What a turn stopped before it had a result, or before it rang. */
export type TurnStopped =
  | {
      /** Marks an invocation. */
      readonly kind: 'invocation';
      /** The id. */
      readonly id: string;
      /** Which start of the invocation. */
      readonly incarnation: number;
    }
  | {
      /** Marks a timer. */
      readonly kind: 'timer';
      /** Names the delay and the state. */
      readonly id: string;
      /** Which start of the timer. */
      readonly generation: number;
    };

/** A turn with what it did; null where no chart at the replica can tell. */
export type TracedTurn = Turn & {
  /** XState's state value after it; null before the chart began, too. */
  readonly value: Json;
  /** The edges that it took, in order. */
  readonly edges: readonly Edge[] | null;
  /** What it opened, in order. */
  readonly opened: readonly TurnOpened[] | null;
  /** What it stopped, in order. */
  readonly stopped: readonly TurnStopped[] | null;
  /** True: the build that took the turn has told these. Else why they may be others. */
  readonly exact: true | 'chart-changed' | 'version-missing';
};

/** A run as it was after a turn. */
export type RunSnapshot = {
  /** The turn that was asked for. */
  readonly turn: number;
  /** The turn of which `value`, `context` and `open` are; null: nothing is kept. */
  readonly asOf: number | null;
  /** True: the state is what the run's row was. Else why it may differ, or is of an earlier turn. */
  readonly exact: true | 'chart-changed' | 'version-missing';
  /** XState's state value. */
  readonly value: Json;
  /** The context of its chart. */
  readonly context: Json;
  /** The run's status after the turn; null where it was not noted. */
  readonly status: RunStatus | null;
  /** The edges that the turn took; null where no chart at the replica can tell. */
  readonly edges: readonly Edge[] | null;
  /** What was open after the turn. */
  readonly open: readonly {
    /** Which of these it is. */
    readonly kind: 'invocation' | 'timer';
    /** The id. */
    readonly id: string;
    /** Which start of the invocation. */
    readonly incarnation?: number;
    /** Which start of the timer. */
    readonly generation?: number;
    /** What it invokes, as where a turn opens it; null where no chart at the replica can tell. Absent for a timer. */
    readonly source?: InvokedKind | null;
    /** The name of its actor in the chart. */
    readonly src?: string;
    /** Of a child run: its agent. */
    readonly agent?: string;
    /** Its input. */
    readonly input?: Json;
  }[];
  /** When the turn was committed, in ms since 1970. */
  readonly atMs: number;
};

/** How an attempt of a provider call ended. */
export type AttemptEnd =
  | 'answered'
  | 'failed'
  | 'rate-limited'
  | 'outage'
  | 'cut'
  | 'refused'
  | 'retry-once'
  | 'timed-out'
  | 'aborted';

/** One attempt of one provider call of a run. */
export type Attempt = {
  /** The turn that took its result, or the newest turn when it ended. */
  readonly turn: number;
  /** The id of the call's invocation. */
  readonly invocationId: string;
  /** Which start of the invocation. */
  readonly incarnation: number;
  /** Its number, from 1. */
  readonly attempt: number;
  /** How many attempts this stands for. */
  readonly count: number;
  /** The provider, or the provider with one of its models. */
  readonly provider: string;
  /** How it ended. */
  readonly how: AttemptEnd;
  /** When the request was sent, in ms since 1970. */
  readonly sentAtMs: number;
  /** When it ended, in ms since 1970. */
  readonly endedAtMs: number;
  /** How long the provider asked to wait, where it said so. */
  readonly waitMs?: number;
  /** What the fault said. */
  readonly fault?: string;
  /** The tokens that it has cost, where its result does not say so. */
  readonly usage?: {
    /** Tokens of what was sent. */
    readonly inputTokens: number;
    /** Tokens of the answer. */
    readonly outputTokens: number;
    /** Of the input: read from a cache. */
    readonly cacheReadTokens?: number;
    /** Of the input: written to a cache. */
    readonly cacheWriteTokens?: number;
    /** Of the output: reasoning. */
    readonly reasoningTokens?: number;
  };
};

/** The attempts of the turns `from` to `to`, in order; no turn where `to` is before `from`. */
export type AttemptsWindow = {
  /** The first turn. */
  readonly from: number;
  /** The last turn. */
  readonly to: number;
  /** Those of one turn in order; the newest turn may get more. */
  readonly attempts: readonly Attempt[];
};
