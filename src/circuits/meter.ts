/**
 * What a stretch of work has cost, as differences between its begin and its end: the provider's
 * calls, the pool's slot-time, Postgres' transactions and log.
 *
 * It owns no clock; when a stretch begins and ends is its caller's to say.
 */
import type { Heddle } from '../heddle.ts';
import { slotUseUnderDemand } from './efficiency.ts';
import type { MeasuredStub } from './measured-stub.ts';
import type { ProviderReport } from './report.ts';
import type { SlotMs, SlotUse } from './slot-use.ts';

export type Cost = {
  readonly providers: readonly ProviderReport[];
  readonly slotUseUnderDemand: number;
  readonly postgres: { readonly transactions: number; readonly wal_bytes: number };
  readonly rssMb: number;
};

/** The providers, and what counts their use. */
export type Metered = {
  readonly heddle: Heddle;
  readonly stubs: readonly MeasuredStub[];
  readonly slotUse: SlotUse;
};

type Marks = {
  readonly transactions: number;
  readonly walBytes: number;
  readonly duplicates: ReadonlyMap<string, number>;
  readonly slotMs: SlotMs;
};

export class Meter {
  readonly #of: Metered;
  readonly #before: Marks;
  #rssBytes = process.memoryUsage.rss();

  private constructor(of: Metered, before: Marks) {
    this.#of = of;
    this.#before = before;
  }

  static async begin(of: Metered): Promise<Meter> {
    const before = await marksOf(of);
    for (const stub of of.stubs) stub.take();
    return new Meter(of, before);
  }

  /** Memory is a level, not a sum: it is looked at now and then, and the highest counts. */
  sample(): void {
    this.#rssBytes = Math.max(this.#rssBytes, process.memoryUsage.rss());
  }

  async end(): Promise<Cost> {
    this.sample();
    const before = this.#before;
    const after = await marksOf(this.#of);
    return {
      providers: this.#of.stubs.map((stub) => {
        const { name, ceiling, calls, peakInFlight, rateLimited } = stub.take();
        return {
          name,
          ceiling,
          calls,
          peak_in_flight: peakInFlight,
          rate_limited: rateLimited,
          duplicate_calls: (after.duplicates.get(name) ?? 0) - (before.duplicates.get(name) ?? 0),
        };
      }),
      slotUseUnderDemand: slotUseUnderDemand(before.slotMs, after.slotMs),
      postgres: {
        transactions: after.transactions - before.transactions,
        wal_bytes: after.walBytes - before.walBytes,
      },
      rssMb: this.#rssBytes / 2 ** 20,
    };
  }
}

async function marksOf({ heddle: { runtime }, slotUse }: Metered): Promise<Marks> {
  const { slotMs } = slotUse;
  const totals = await runtime.store.providerTotals();
  const duplicates = new Map(totals.map((one) => [one.provider, one.duplicates]));
  return { ...(await runtime.store.activity()), duplicates, slotMs };
}
