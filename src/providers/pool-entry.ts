/** A call inside the pool: queued, backing off or in one slot. */
import type { FairPlace } from './fair-queue.ts';
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
  /** Its place in the heap of backoffs, or -1. */
  heapIndex: number;
  dueMs: number;
};

/** Null: it is in a slot. */
export function reasonOf<Call>(entry: Entry<Call>): WaitReason | null {
  if (entry.sentTo !== null) return null;
  return entry.heapIndex >= 0 ? 'backoff' : entry.route.reason;
}
