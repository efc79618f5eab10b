/** A call as the pool takes it in, and what the pool reports of it. */
import type { ProviderStatus } from '../../../machines/provider.ts';
import type { Need } from '../../domain/model/needs.ts';
import { FairItem, type FairPlace } from '../../queue/fair-place.ts';
import type { Wanted } from '../served-model.ts';
import type { CallOutcome, Gate, Sent } from './gate.ts';
import type { SlotChange } from './slots.ts';
import type { ShownWait } from './wait-reason.ts';

/** The fields of a call that the pool reads. */
export type PoolPlace = FairPlace &
  Wanted & {
    /** Names the call for ever: run, invocation and incarnation. */
    readonly key: string;
  };

/**
 * One call is one object. The runtime's own class extends this one with the fields that it needs, and
 * the pool and its lines note theirs here. So a waiting call costs one object, not one for each
 * structure that holds it.
 */
export abstract class PoolCall extends FairItem implements PoolPlace {
  abstract readonly key: string;
  /** In tokens, estimated. */
  abstract override readonly cost: number;
  abstract readonly provider: string | undefined;
  abstract readonly providers: readonly string[] | undefined;
  abstract readonly model: string | undefined;
  abstract readonly tier: string | undefined;
  abstract readonly needs: readonly Need[] | undefined;
  /** The attempt that comes next. Only the pool and its lines write this field and those below. */
  attempt = 1;
  /** The route of the call; null while it is not inside the pool. */
  route: object | null = null;
  /** The call has had its one retry: see invariant 4 of pool.ts. */
  retried = false;
  /** The gate of its last attempt. */
  lastAt: string | null = null;
  cancelled = false;
  told: ShownWait = 'calling';
  /** When the pool let it in. */
  enteredAtMs = 0;
  /** When its backoff ends; null if it is in none. */
  dueMs: number | null = null;
  /** Set while the call is in a slot. */
  held: { readonly state: { readonly name: string }; readonly slot: number } | null = null;
}

/** The data of a call that exist only while it is in a slot. */
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
 * What became of a released call. `requeued`, `backoff`: it comes again by itself. `failed`: it failed
 * by its own fault. `dropped`: it was cancelled.
 */
export type Released<Call> = {
  readonly call: Call;
  readonly fate: 'done' | 'requeued' | 'backoff' | 'failed' | 'dropped';
  /** The attempt that comes next, or the last one. */
  readonly attempt: number;
};

/** What becomes of a call, by how its attempt has ended: see the invariants of pool.ts. */
export function fateOf(
  { cancelled, retried }: Pick<PoolCall, 'cancelled' | 'retried'>,
  { kind }: CallOutcome,
): Released<PoolCall>['fate'] {
  if (cancelled) return 'dropped';
  switch (kind) {
    case 'ok':
      return 'done';
    case 'aborted':
      return 'dropped';
    case 'caller':
      return 'failed';
    case 'retry-once':
      return retried ? 'failed' : 'backoff';
    case 'outage':
    case 'timed-out':
      return 'backoff';
    case 'rate-limited':
    case 'refused':
    case 'withheld':
      return 'requeued';
  }
}

/** The wishes of a call that may go only to these providers. */
export function boundTo(
  { provider, model, tier, needs }: PoolCall,
  providers: readonly string[],
): Wanted {
  return { provider, providers, model, tier, needs };
}

/** `in-slot`: abort the call; its `release` then drops it, however it ends. */
export type Cancelled =
  | { readonly kind: 'unknown' | 'removed' }
  | { readonly kind: 'in-slot'; readonly provider: string; readonly slot: number };

export type CallWait = {
  /** The attempt that comes next, and when, if the call is in a backoff. */
  readonly attempt: number;
  readonly dueMs: number | null;
  /** The gate of the attempt before. */
  readonly lastAt: string | null;
  /** The gates that may take the call. */
  readonly gates: readonly {
    readonly name: string;
    readonly status: ProviderStatus;
    /** What its last fault said; null: none is known. */
    readonly fault: string | null;
  }[];
};

export type WaitChange<Call> = { readonly call: Call; readonly shown: ShownWait };

export type PoolSlotChange<Call> = Omit<SlotChange<Call>, 'held'> & {
  readonly provider: string;
  readonly call: Call | null;
  readonly attempt: number;
};
