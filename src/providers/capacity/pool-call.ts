/** A call as the pool takes it in, and what the pool says of it. */
import type { ProviderStatus } from '../../../machines/provider.ts';
import type { FairItem, FairPlace } from '../../queue/fair-place.ts';
import type { Wanted } from '../served-model.ts';
import type { Gate, Sent } from './gate.ts';
import type { SlotChange } from './slots.ts';
import type { ShownWait, WaitReason } from './wait-reason.ts';

/** What the pool reads of a call. */
export type PoolPlace = Omit<FairPlace, 'order'> &
  Wanted & {
    /** Names the call for ever: run, invocation and incarnation. */
    readonly key: string;
  };

/**
 * A call is one object for all who have to do with it: its user's own class extends this one with what
 * it keeps of a call, and the pool notes its part here. So a call that waits costs one object, not one for
 * each book that it stands in.
 */
export abstract class PoolCall implements PoolPlace, FairItem {
  abstract readonly key: string;
  abstract readonly tenant: string;
  abstract readonly user: string;
  abstract readonly pipeline: string;
  abstract readonly pipelineStartedAtMs: number;
  abstract readonly priority: FairPlace['priority'];
  abstract readonly weight: number | undefined;
  /** In tokens, estimated. */
  abstract readonly cost: number;
  abstract readonly provider: string | undefined;
  abstract readonly providers: readonly string[] | undefined;
  abstract readonly model: string | undefined;
  abstract readonly tier: string | undefined;
  /** The attempt that comes next. From here on: the pool's, and its lines'. */
  attempt = 1;
  order = 0;
  heapIndex = -1;
  secondIndex = -1;
  account: object | null = null;
  isNew = false;
  /** The route that it was let into; null: it is not inside. */
  route: object | null = null;
  /** It has had its one retry: see invariant 4. */
  retried = false;
  /** The gate of its last attempt. */
  lastAt: string | null = null;
  cancelled = false;
  told: ShownWait = 'calling';
  /** When its backoff ends; null: it is in none. */
  dueMs: number | null = null;
  /** Set while it is in a slot. */
  held: { readonly state: { readonly name: string }; readonly slot: number } | null = null;
}

/** What there is of a call only while it is in a slot. */
export type Held<Call> = Sent & {
  readonly call: Call;
  readonly key: string;
  readonly state: Gate<Held<Call>>;
  slot: number;
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

export type CallWait = {
  /** The attempt that comes next, and when, if it is in a backoff. */
  readonly attempt: number;
  readonly dueMs: number | null;
  /** The gate of the attempt before. */
  readonly lastAt: string | null;
  /** Those that may take it. */
  readonly gates: readonly { readonly name: string; readonly status: ProviderStatus }[];
};

export type WaitChange<Call> = { readonly call: Call; readonly shown: ShownWait };

export type PoolSlotChange<Call> = Omit<SlotChange<Call>, 'held'> & {
  readonly provider: string;
  readonly call: Call | null;
  readonly attempt: number;
};
