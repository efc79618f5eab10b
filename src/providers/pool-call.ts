/** A call as the pool takes it in, and what the pool says of it. */
import type { FairPlace } from './fair-queue.ts';
import type { Wanted } from './gates.ts';
import type { SlotChange } from './slots.ts';
import type { ShownWait, WaitReason } from './wait-reason.ts';

/** What the pool reads of a call; it hands back the very object. */
export type PoolCall = Omit<FairPlace, 'order'> &
  Wanted & {
    /** Names the call for ever: run, invocation and incarnation. */
    readonly key: string;
    /** The attempt that comes next. Default 1. */
    readonly attempt?: number | undefined;
  };

export type Grant<Call> = {
  readonly call: Call;
  /** The gate: see `Gates.providerOf`. */
  readonly provider: string;
  readonly slot: number;
  readonly attempt: number;
};

/**
 * What became of a released call. `requeued`, `backoff`: it comes again by itself. `failed`: by its
 * own fault. `dropped`: it was cancelled.
 */
export type Released<Call> = {
  readonly call: Call;
  readonly fate: 'done' | 'requeued' | 'backoff' | 'failed' | 'dropped';
  /** The attempt that comes next, or was the last. */
  readonly attempt: number;
};

/** `in-slot`: abort it; its `release` then drops it, however it ends. */
export type Cancelled =
  | { readonly kind: 'unknown' | 'removed' }
  | { readonly kind: 'in-slot'; readonly provider: string; readonly slot: number };

export type WaitingCall<Call> = {
  readonly call: Call;
  readonly reason: WaitReason;
  readonly attempt: number;
  /** When a backoff ends. */
  readonly dueMs: number | null;
};

export type WaitChange<Call> = { readonly call: Call; readonly shown: ShownWait };

export type PoolSlotChange<Call> = Omit<SlotChange<Call>, 'held'> & {
  readonly provider: string;
  readonly call: Call | null;
  readonly attempt: number;
};
