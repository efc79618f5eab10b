/** A call inside the pool: queued, backing off or in one slot. */
import type { FairPlace } from './fair-queue.ts';
import type { PoolCall } from './pool-call.ts';
import type { ProviderState } from './provider-state.ts';
import type { Route } from './routes.ts';
import type { ShownWait, WaitReason } from './wait-reason.ts';

export type Entry<Call> = {
  readonly key: string;
  readonly call: Call;
  readonly place: FairPlace & { readonly order: number; readonly cost: number };
  readonly route: Route<Entry<Call>>;
  attempt: number;
  /** It has had its one retry: see invariant 4. */
  retried: boolean;
  cancelled: boolean;
  told: ShownWait;
  /** Set while it is in a slot. */
  sentTo: ProviderState<Entry<Call>> | null;
  slot: number;
  sentAs: number;
  sentAtMs: number | null;
  /** Its place in the heap of backoffs, or -1. */
  heapIndex: number;
  dueMs: number;
};

/** On its way into its route's queue. */
export function newEntry<Call extends PoolCall>(
  call: Call,
  route: Route<Entry<Call>>,
  order: number,
): Entry<Call> {
  const { tenant, user, pipeline, pipelineStartedAtMs, priority, weight, cost = 1 } = call;
  return {
    key: call.key,
    call,
    place: { tenant, user, pipeline, pipelineStartedAtMs, order, priority, weight, cost },
    route,
    attempt: call.attempt ?? 1,
    retried: false,
    cancelled: false,
    told: 'calling',
    sentTo: null,
    slot: -1,
    sentAs: 0,
    sentAtMs: null,
    heapIndex: -1,
    dueMs: 0,
  };
}

/** Null: it is in a slot. */
export function reasonOf<Call>(entry: Entry<Call>): WaitReason | null {
  if (entry.sentTo !== null) return null;
  return entry.heapIndex >= 0 ? 'backoff' : entry.route.reason;
}
