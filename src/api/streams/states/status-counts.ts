/** How many open runs of each tenant are in each status, kept while runs come, change and go. */
import type { RunBrief } from '../../../store/watch-port.ts';

export class StatusCounts {
  readonly #byTenant = new Map<string, Map<string, number>>();

  of(tenant: string): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#byTenant.get(tenant) ?? []);
  }

  add({ tenant, status }: RunBrief, by: 1 | -1): void {
    const counts = this.#byTenant.get(tenant) ?? new Map<string, number>();
    this.#byTenant.set(tenant, counts);
    const count = (counts.get(status) ?? 0) + by;
    if (count > 0) counts.set(status, count);
    else counts.delete(status);
    if (counts.size === 0) this.#byTenant.delete(tenant);
  }

  clear(): void {
    this.#byTenant.clear();
  }
}
