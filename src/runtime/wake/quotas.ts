/**
 * Bounds what a tenant may use. Counting costs the database work, so it is done only where a quota is
 * set, in the background and at most once per `freshMs` and tenant; what is accepted in between is added
 * to the count. So a tenant may pass its quota by what other replicas accept within that time, and by no
 * more.
 *
 * Owns the counts. Leaves to its callers what they refuse.
 */
import type { CapacitySettings } from '../../domain/capacity-settings.ts';
import { heddleError, type HeddleError } from '../../domain/errors.ts';
import type { Store } from '../../store/port.ts';
import type { Clock } from '../ports.ts';
import type { RuntimeSettings } from '../settings.ts';

export type Resource = 'queuedRuns' | 'channels' | 'memoryEntries';

type Counted = { counts: Record<Resource, number>; readAtMs: number; reading: boolean };

const settingOf = {
  queuedRuns: 'queuedRunsMax',
  channels: 'channelsMax',
  memoryEntries: 'memoryEntriesMax',
} as const;

export class Quotas {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #settings: RuntimeSettings;
  readonly #counting: CapacitySettings['quotas'];
  readonly #tenants = new Map<string, Counted>();

  constructor(options: {
    readonly store: Store;
    readonly clock: Clock;
    readonly settings: RuntimeSettings;
    readonly capacity: CapacitySettings;
  }) {
    this.#counting = options.capacity.quotas;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#settings = options.settings;
  }

  /**
   * For requests from outside, which can wait: counts the tenant when its count is old, so that `admit`
   * judges by a fresh one.
   */
  async prepare(tenant: string, resource: Resource): Promise<void> {
    if (!this.isSet(resource)) return;
    if (!this.#isFresh(tenant)) await this.#count(tenant);
  }

  isSet(resource: Resource): boolean {
    return this.#settings[settingOf[resource]] !== null;
  }

  /** Counts tenants that were never counted, before their turns: `admit` cannot wait. */
  async prepareTurns(tenants: Iterable<string>): Promise<void> {
    if (!this.isSet('channels') && !this.isSet('memoryEntries')) return;
    const unknown = [...new Set(tenants)].filter((tenant) => !this.#tenants.has(tenant));
    await Promise.all(unknown.map((tenant) => this.#count(tenant)));
  }

  /**
   * Throws when the tenant has used up its quota; otherwise adds `added` to its count. It answers at
   * once, from the last count, because turns cannot wait.
   */
  admit(tenant: string, resource: Resource, added = 1): void {
    const max = this.#settings[settingOf[resource]];
    if (max === null) return;
    if (!this.#isFresh(tenant)) void this.#count(tenant).catch(() => undefined);
    const counted = this.#tenants.get(tenant);
    if (counted === undefined) return;
    if (counted.counts[resource] + added > max) throw this.#refusal(tenant, resource, max);
    counted.counts[resource] += added;
  }

  #isFresh(tenant: string): boolean {
    const counted = this.#tenants.get(tenant);
    if (counted === undefined) return false;
    return counted.reading || this.#clock.nowMs() - counted.readAtMs < this.#counting.freshMs;
  }

  async #count(tenant: string): Promise<void> {
    const before = this.#tenants.get(tenant);
    if (before !== undefined) before.reading = true;
    try {
      const { queuedRuns, channels, memoryEntries } = await this.#store.usage(tenant);
      if (this.#tenants.size >= this.#counting.tenantsMax) this.#tenants.clear();
      const counts = { queuedRuns, channels, memoryEntries };
      this.#tenants.set(tenant, { counts, readAtMs: this.#clock.nowMs(), reading: false });
    } finally {
      if (before !== undefined) before.reading = false;
    }
  }

  #refusal(tenant: string, resource: Resource, max: number): HeddleError {
    if (resource !== 'queuedRuns') {
      return heddleError('quota-exceeded', { resource, max, setting: settingOf[resource] });
    }
    const { retryAfterMs } = this.#counting;
    return heddleError('queue-full', { tenant, max, retryAfterMs });
  }
}
