/** What wakes a run: rows of its inbox, and what this replica has done for it. */
import type { RunEvent } from '../../domain/event.ts';
import type { InboxRow } from '../../store/rows.ts';

export type Incoming =
  /** `later`: rows that were not loaded stand before it, so it is taken only to be dropped. */
  | { readonly kind: 'inbox'; readonly row: InboxRow; readonly later?: true }
  /** The outcome of a provider call or task that this replica performed. */
  | {
      readonly kind: 'result';
      readonly event: Extract<RunEvent, { kind: 'done' | 'failed' }>;
      /** Set when it is in the inbox too, under this key: see `result-keeper.ts`. */
      readonly keptAs?: string;
    }
  | { readonly kind: 'timer'; readonly timerId: string; readonly generation: number }
  /**
   * The owner of before has died with tasks of this run under way. `epoch` is the one of who tells it,
   * so that it counts once; `spread` from 0 to 1 is by chance.
   */
  | { readonly kind: 'lost'; readonly epoch: number; readonly spread: number };
