/**
 * What a stretch of work has cost, as differences between its begin and its end: the provider's
 * calls, the pool's slot-time, Postgres' transactions and log.
 *
 * It owns no clock; when a stretch begins and ends is its caller's to say.
 */
import type { Heddle } from '../heddle.ts';
import { slotUseUnderDemand, type SlotMs } from './efficiency.ts';
import type { MeasuredStub } from './measured-stub.ts';
import type { ProviderReport } from './report.ts';

export type Cost = {
  readonly providers: readonly ProviderReport[];
  readonly slotUseUnderDemand: number;
  readonly postgres: { readonly transactions: number; readonly wal_bytes: number };
  readonly rssMb: number;
};

type Marks = {
  readonly transactions: number;
  readonly walBytes: number;
  readonly duplicates: ReadonlyMap<string, number>;
  readonly slotMs: SlotMs;
};

export class Meter {
  readonly #heddle: Heddle;
  readonly #stubs: readonly MeasuredStub[];
  readonly #before: Marks;
  #rssBytes = process.memoryUsage.rss();

  private constructor(heddle: Heddle, stubs: readonly MeasuredStub[], before: Marks) {
    this.#heddle = heddle;
    this.#stubs = stubs;
    this.#before = before;
  }

  static async begin(heddle: Heddle, stubs: readonly MeasuredStub[]): Promise<Meter> {
    const before = await marksOf(heddle);
    for (const stub of stubs) stub.take();
    return new Meter(heddle, stubs, before);
  }

  /** Memory is a level, not a sum: it is looked at now and then, and the highest counts. */
  sample(): void {
    this.#rssBytes = Math.max(this.#rssBytes, process.memoryUsage.rss());
  }

  async end(): Promise<Cost> {
    this.sample();
    const before = this.#before;
    const after = await marksOf(this.#heddle);
    return {
      providers: this.#stubs.map((stub) => {
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

async function marksOf({ runtime }: Heddle): Promise<Marks> {
  const { slotMs } = runtime.stats().pool;
  const totals = await runtime.store.providerTotals();
  const duplicates = new Map(totals.map((one) => [one.provider, one.duplicates]));
  return { ...(await runtime.store.activity()), duplicates, slotMs };
}
