/**
 * Decides whether a tenant may have one more of what is bounded: queued runs, channels, memory entries.
 * The library asks before it accepts anything.
 *
 * Leaves the counts and the bounds to `quotas.ts`.
 */
import type { Store } from '../../store/port.ts';
import type { NewRun } from '../../store/rows.ts';
import type { ArrivalQueue } from './arrivals.ts';
import type { Quotas } from './quotas.ts';
import type { RunQueue } from './run-queue.ts';

type AdmissionOptions = {
  readonly store: Pick<Store, 'read'>;
  readonly arrivals: ArrivalQueue;
  readonly quotas: Quotas;
  readonly runQueue: RunQueue;
};

export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Throws `queue-full` when a tenant would queue more runs than its quota. */
  async starts(runs: readonly NewRun[]): Promise<void> {
    const { arrivals, quotas, runQueue } = this.#options;
    if (runQueue.queuedCount === 0 && !arrivals.startsWait) return;
    const counts = new Map<string, number>();
    for (const { tenant } of runs) counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
    for (const [tenant, count] of counts) {
      await quotas.prepare(tenant, 'queuedRuns');
      quotas.admit(tenant, 'queuedRuns', count);
    }
  }

  /** Throws `quota-exceeded` when this channel would be one more than the tenant's quota. */
  async channel(tenant: string, channel: string): Promise<void> {
    const { quotas, store } = this.#options;
    if (!quotas.isSet('channels')) return;
    const read = { tenant, channel, group: null, after: null, from: 'latest', limit: 1 } as const;
    const { channels } = await store.read({ memory: [], channels: [read] });
    if (channels[0]?.exists === true) return;
    await quotas.prepare(tenant, 'channels');
    quotas.admit(tenant, 'channels');
  }

  /** Throws `quota-exceeded` when one more entry would be more than the tenant's quota. */
  async memoryEntry(tenant: string): Promise<void> {
    const { quotas } = this.#options;
    await quotas.prepare(tenant, 'memoryEntries');
    quotas.admit(tenant, 'memoryEntries');
  }
}
