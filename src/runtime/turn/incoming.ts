/** What wakes a run: rows of its inbox, and what this replica has done for it. */
import type { RunEvent } from '../../domain/event.ts';
import type { InboxRow } from '../../store/rows.ts';

export type Incoming =
  /**
   * `later`: rows that were not loaded come before this answer, so it is taken only if it is to be
   * dropped.
   */
  | { readonly kind: 'inbox'; readonly row: InboxRow; readonly later?: true }
  /** The outcome of a provider call or task that this replica performed. */
  | {
      readonly kind: 'result';
      readonly event: Extract<RunEvent, { kind: 'done' | 'failed' }>;
      /** Set when the result is in the inbox too, under this key: see `result-keeper.ts`. */
      readonly keptAs?: string;
    }
  | { readonly kind: 'timer'; readonly timerId: string; readonly generation: number }
  /**
   * The run's last owner was lost with tasks of the run under way. `epoch` is the next owner's, so that
   * the loss counts once; `spread` is a random number from 0 to 1.
   */
  | { readonly kind: 'lost'; readonly epoch: number; readonly spread: number };
