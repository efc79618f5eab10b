/** The things for which a run can wait, as data: one union, from which the words for people are made. */
import type { Json } from '../../domain/json.ts';
import type { ProviderStatus } from '../../../machines/provider.ts';
import type { BudgetRow } from '../../store/charges.ts';

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
  readonly lastFault: { readonly text: string; readonly agoMs: number } | null;
};

/** A bound that holds a call back, and what is left below it. */
export type BudgetState = {
  /** Whose budget it is. */
  readonly scope: BudgetRow['scope'];
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
type OpenWait = { readonly invocationId: string; readonly dueInMs: number | null };

/**
 * One thing for which a run waits.
 *
 * - begin: the run has not begun. turn: its turn is under way. pause: somebody paused it.
 * - version, build, fault: its chart is not here, its step throws under another build, or a turn meets an error
 *   that is not the run's own.
 * - slot: a call stands in line; call: it is out; backoff, stalled, parked: its provider failed; budget: a bound.
 * - channel, child, person, task, timer, other: what the chart has open. event: it has nothing open.
 */
export type Wait =
  | { readonly kind: 'begin'; readonly reason: string | null }
  | { readonly kind: 'turn' }
  | { readonly kind: 'pause'; readonly by: 'person' | 'parent'; readonly reason: string | null }
  | {
      readonly kind: 'version';
      readonly reason: string;
      readonly agent: string;
      readonly version: string;
    }
  | { readonly kind: 'build' | 'fault' | 'line'; readonly reason: string }
  | {
      readonly kind: 'backoff' | 'stalled' | 'parked';
      readonly reason: string;
      readonly gates: readonly GateState[];
    }
  | { readonly kind: 'budget'; readonly reason: string; readonly budgets: readonly BudgetState[] }
  | (OpenWait & { readonly kind: 'slot'; readonly gates: readonly GateState[] })
  | (OpenWait & { readonly kind: 'call'; readonly provider: string; readonly attempt: number })
  | (OpenWait & { readonly kind: 'channel'; readonly channels: readonly string[] })
  | (OpenWait & { readonly kind: 'child'; readonly runId: string; readonly agent: string })
  | (OpenWait & {
      readonly kind: 'person';
      readonly question: string | null;
      readonly askId: string | null;
      readonly assignee: string | null;
      readonly askedAtMs: number | null;
    })
  | (OpenWait & { readonly kind: 'task' | 'other'; readonly src: string })
  | { readonly kind: 'timer'; readonly id: string; readonly dueInMs: number }
  | { readonly kind: 'event'; readonly state: Json };
