/** The things for which a run can wait, as data: one union, from which the words for people are made. */
import type { Phase, Place } from '../../domain/calls/phase.ts';
import type { Json } from '../../domain/json.ts';
import type { ProviderStatus } from '../../../machines/provider.ts';

/** A gate that holds a line of calls, as far as its row tells. */
export type GateState = {
  /** The gate: a provider's name, or `provider/model`. */
  readonly gate: string;
  /** Its state. */
  readonly status: ProviderStatus;
  /** Calls in its slots, over all replicas. */
  readonly inUse: number;
  /** How many calls it takes at once. */
  readonly limit: number;
  /** For how much longer it has asked to wait; 0 unless it cools. */
  readonly coolForMs: number;
  /** When it is asked again; null unless it is stalled. */
  readonly probeInMs: number | null;
  /** The last fault of its own, with the address; null: none is known. */
  readonly lastFault: {
    /** The words. */
    readonly text: string;
    /** How long ago, in ms. */
    readonly agoMs: number;
  } | null;
};

/** A bound that holds a call back, and what is left below it. */
export type BudgetState = {
  /** Whose budget it is. */
  readonly scope: 'run' | 'user' | 'tenant';
  /** The run's id or the user's name; '' for the tenant itself. */
  readonly owner: string;
  /** Tokens that may still be used; null without a bound. */
  readonly tokensLeft: number | null;
  /** Cost that may still be used, in millionths; null without a bound. */
  readonly microsLeft: number | null;
  /** True: what was spent counts until the end of the day, UTC. */
  readonly perDay: boolean;
};

/** An open invocation. `dueInMs`: when its time limit ends it; null without one. */
export type OpenWait = {
  /** The invocation. */
  readonly invocationId: string;
  /** When it is due, in ms from now; null without a limit. */
  readonly dueInMs: number | null;
};

/**
 * One thing for which a run waits.
 *
 * - begin: the run has not begun. turn: its turn is under way. pause: somebody paused it.
 * - version, build, fault: its chart is not here, its step throws under another build, or a turn meets an error
 *   that is not the run's own.
 * - slot: a call stands in line; call: it is out; backoff, stalled, parked: its provider failed; budget: a bound.
 * - owner: no replica owns its shard, so that nothing of it goes on.
 * - channel, child, person, task, timer, other: what the chart has open. event: it has nothing open.
 */
export type Wait =
  | {
      /** Which of these it is. */
      readonly kind: 'begin';
      /** The reason, in words. */
      readonly reason: string | null;
      /** Its place in the line of runs that wait to begin; null where it is not known. */
      readonly place: Place | null;
    }
  | {
      /** Which of these it is. */
      readonly kind: 'turn';
    }
  | {
      /** Which of these it is. */
      readonly kind: 'pause';
      /** Whether it is paused itself, or with its parent. */
      readonly by: 'person' | 'parent';
      /** Who has given the pause: a token's name, or `library`; null in rows of earlier releases. */
      readonly sender: string | null;
      /** The reason, in words. */
      readonly reason: string | null;
    }
  | {
      /** Which of these it is. */
      readonly kind: 'version';
      /** The reason, in words. */
      readonly reason: string;
      /** The agent's name. */
      readonly agent: string;
      /** The version. */
      readonly version: string;
    }
  | {
      /** Which of these it is. */
      readonly kind: 'build' | 'fault' | 'line' | 'owner';
      /** The reason, in words. */
      readonly reason: string;
    }
  | {
      /** Which of these it is. */
      readonly kind: 'backoff' | 'stalled' | 'parked';
      /** The reason, in words. */
      readonly reason: string;
      /** The gates that hold its line. */
      readonly gates: readonly GateState[];
    }
  | {
      /** Which of these it is. */
      readonly kind: 'budget';
      /** The reason, in words. */
      readonly reason: string;
      /** The budgets that hold it back. */
      readonly budgets: readonly BudgetState[];
    }
  | (OpenWait & {
      /** Which of these it is. */
      readonly kind: 'slot';
      /** Null: the run's owner does not tell, and the rows show no slot. */
      readonly phase: Phase | null;
      /** Its place in its line; null where it is not known. */
      readonly place: Place | null;
      /** The gates that hold its line. */
      readonly gates: readonly GateState[];
    })
  | (OpenWait & {
      /** Which of these it is. */
      readonly kind: 'call';
      /** `answered`: the turn that takes its result is due. Null: the run's owner does not tell. */
      readonly phase: Phase | null;
      /** The provider. */
      readonly provider: string;
      /** The number of the attempt, from 1. */
      readonly attempt: number;
    })
  | (OpenWait & {
      /** Which of these it is. */
      readonly kind: 'channel';
      /** The channels. */
      readonly channels: readonly string[];
    })
  | (OpenWait & {
      /** Which of these it is. */
      readonly kind: 'child';
      /** The run's id. */
      readonly runId: string;
      /** The agent's name. */
      readonly agent: string;
    })
  | (OpenWait & {
      /** Which of these it is. */
      readonly kind: 'person';
      /** The question's words; null when they are not known. */
      readonly question: string | null;
      /** Names the question for ever. */
      readonly askId: string | null;
      /** Who should answer; null when nobody was named. */
      readonly assignee: string | null;
      /** When it was asked, in ms since 1970. */
      readonly askedAtMs: number | null;
    })
  | (OpenWait & {
      /** Which of these it is. */
      readonly kind: 'task' | 'other';
      /** What it invokes. */
      readonly src: string;
    })
  | {
      /** Which of these it is. */
      readonly kind: 'timer';
      /** The id. */
      readonly id: string;
      /** When it is due, in ms from now; null without a limit. */
      readonly dueInMs: number;
    }
  | {
      /** Which of these it is. */
      readonly kind: 'event';
      /** The state value of its chart. */
      readonly state: Json;
    };
