/**
 * The cost of a stretch of work, as differences between its begin and its end: the provider's
 * calls, the pool's slot-time, Postgres' transactions and log.
 *
 * It owns no clock; its caller decides when a stretch begins and ends.
 */
import type { Heddle } from '../heddle.ts';
import type { CallSource, SourceFigures } from './call-source.ts';
import { slotUseUnderDemand } from './efficiency.ts';
import type { ProviderReport } from './report.ts';

export type Cost = {
  readonly providers: readonly ProviderReport[];
  readonly slotUseUnderDemand: number;
  /** The mean duration of a call; null when it is the one in the settings. */
  readonly meanLatencyMs: number | null;
  readonly postgres: { readonly transactions: number; readonly wal_bytes: number };
  readonly rssMb: number;
};

/** heddle, and the source of its calls. */
export type Metered = {
  readonly heddle: Heddle;
  readonly source: CallSource;
};

type Marks = {
  readonly transactions: number;
  readonly walBytes: number;
  readonly duplicates: ReadonlyMap<string, number>;
  readonly calls: SourceFigures;
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
    return new Meter(of, await marksOf(of));
  }

  /** Memory is a level and not a sum: it is read at intervals, and the highest value counts. */
  sample(): void {
    this.#rssBytes = Math.max(this.#rssBytes, process.memoryUsage.rss());
  }

  async end(): Promise<Cost> {
    this.sample();
    const before = this.#before;
    const after = await marksOf(this.#of);
    return {
      providers: after.calls.providers.map(({ name, ceiling, calls, ...counts }) => {
        return {
          name,
          ceiling,
          calls,
          peak_in_flight: counts.peakInFlight,
          rate_limited: counts.rateLimited,
          duplicate_calls: (after.duplicates.get(name) ?? 0) - (before.duplicates.get(name) ?? 0),
        };
      }),
      slotUseUnderDemand: slotUseUnderDemand(before.calls.slotMs, after.calls.slotMs),
      meanLatencyMs: after.calls.meanLatencyMs,
      postgres: {
        transactions: after.transactions - before.transactions,
        wal_bytes: after.walBytes - before.walBytes,
      },
      rssMb: this.#rssBytes / 2 ** 20,
    };
  }
}

async function marksOf({ heddle: { runtime }, source }: Metered): Promise<Marks> {
  const calls = await source.take();
  const totals = await runtime.store.providerTotals();
  const duplicates = new Map(totals.map((one) => [one.provider, one.duplicates]));
  return { ...(await runtime.store.activity()), duplicates, calls };
}
