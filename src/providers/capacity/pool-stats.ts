/** The figures of a pool that pages, the command line and the circuits' table show. */
import type { ProviderStatus } from '../../../machines/provider.ts';
import type { FairItem } from '../../queue/fair-place.ts';
import type { Held } from './pool-call.ts';
import type { Gate } from './gate.ts';
import type { Routes } from './routes.ts';

type ProviderStats = {
  readonly name: string;
  readonly ceiling: number;
  readonly status: ProviderStatus;
  /** Slots that may be used: the part of this replica's share that 429s have left. */
  readonly limit: number;
  readonly calling: number;
  readonly free: number;
  /** Calls that can go only to this gate and wait for it. */
  readonly queued: number;
  readonly peakInFlight: number;
  readonly calls: number;
  readonly rateLimited: number;
};

export type PoolStats = {
  readonly providers: readonly ProviderStats[];
  readonly inFlight: number;
  /**
   * All calls that wait in a queue, for one gate or for several. Calls in a backoff are counted apart.
   */
  readonly queued: number;
  readonly backoff: number;
  /** Slot-milliseconds while a call waited: `slot_use_under_demand` is used ÷ offered. */
  readonly slotMs: { readonly used: number; readonly offered: number };
};

export function poolStats<Item extends FairItem>(
  routes: Routes<Item>,
  of: Pick<PoolStats, 'inFlight' | 'backoff' | 'slotMs'>,
  nowMs: number,
): PoolStats {
  const providers = routes.states.map((state) => providerStats(routes, state, nowMs));
  return { ...of, providers, queued: routes.size };
}

function providerStats<Item extends FairItem>(
  routes: Routes<Item>,
  state: Gate<Held<Item>>,
  nowMs: number,
): ProviderStats {
  const { name, ceiling, status, limit, slots } = state;
  return {
    name,
    ceiling,
    status,
    limit,
    calling: slots.calling,
    free: state.free(nowMs),
    queued: routes.queuedAt(name),
    peakInFlight: slots.peak,
    ...state.counts,
  };
}
