/**
 * The turns of a run as the page holds them. It owns windows of turns, snapshots and attempts that were fetched; word of
 * the newest comes by the stream, and they are asked for behind those that are there.
 *
 * 1. It holds `pagesMax` windows and `snapshotsMax` snapshots at most; what was fetched longest ago goes first.
 * 2. A thing is asked for once, however often somebody passes it; word that comes meanwhile asks once more.
 * 3. While somebody drags, `askingMax` questions are under way at most, and only the newest place waits.
 */
import { signal } from '@preact/signals';
import type { Attempt, Client, RunSnapshot, TracedTurn } from '../../client/index.ts';

const pageTurns = 200;
const pagesMax = 60;
const snapshotsMax = 300;
const askingMax = 4;

/** The window that a turn stands in. */
export const pageOf = (turn: number): number => Math.floor((turn - 1) / pageTurns);

export type TurnPage = {
  readonly turns: readonly TracedTurn[];
  readonly attempts: readonly Attempt[];
  /** What was open before its first turn; null where that is not known, or there was nothing. */
  readonly open: RunSnapshot['open'] | null;
};

export class TurnStore {
  /** Grows with everything that has come. Whatever reads the store reads it, so that it is shown anew. */
  readonly version = signal(0);
  readonly trouble = signal<Error | null>(null);
  readonly #client: Client;
  readonly #runId: string;
  readonly #pages = new Map<number, TurnPage>();
  readonly #snapshots = new Map<number, RunSnapshot>();
  readonly #asking = new Map<string, { isStale: boolean }>();
  #wanted: { readonly turn: number; readonly last: number } | null = null;

  constructor(client: Client, runId: string) {
    this.#client = client;
    this.#runId = runId;
  }

  page(turn: number): TurnPage | null {
    void this.version.value;
    return this.#pages.get(pageOf(turn)) ?? null;
  }

  turn(turn: number): TracedTurn | null {
    return this.page(turn)?.turns[(turn - 1) % pageTurns] ?? null;
  }

  snapshot(turn: number): RunSnapshot | null {
    void this.version.value;
    return this.#snapshots.get(turn) ?? null;
  }

  /** The windows that are here and begin before this turn. */
  pagesBefore(turn: number): readonly TurnPage[] {
    const last = pageOf(turn);
    return [...this.#pages].filter(([page]) => page <= last).map(([, page]) => page);
  }

  /** Asks for what is needed to show this turn, and for the turns beside it. */
  need(turn: number, last: number): void {
    this.#wanted = { turn, last };
    // Word of some turns may have been lost: what is shown of a window may end before this turn.
    const known = this.#pages.get(pageOf(turn));
    if (known !== undefined && (known.turns.at(-1)?.turn ?? 0) < Math.min(turn, last))
      this.#needPage(pageOf(turn), true);
    this.#askWanted();
  }

  /** The run has come to this turn, or an attempt of its calls has ended: its newest window has grown. */
  grown(turn: number): void {
    const page = pageOf(turn);
    if (this.#pages.has(page) || turn % pageTurns === 1) this.#needPage(page, true);
  }

  #askWanted(): void {
    if (this.#wanted === null) return;
    const { turn, last } = this.#wanted;
    this.#needPage(pageOf(turn), false);
    for (const near of [turn, turn - 1, turn + 1, turn + 2]) {
      if (near < 1 || near > last) continue;
      if (this.#asking.size >= askingMax) return;
      if (this.#snapshots.has(near)) continue;
      this.#once(`snapshot ${near}`, async () => {
        const snapshot = await this.#client.runs.snapshotAt(this.#runId, near);
        keep(this.#snapshots, near, snapshot, snapshotsMax);
      });
    }
  }

  #needPage(page: number, hasGrown: boolean): void {
    const known = this.#pages.get(page);
    if (known !== undefined && !hasGrown) return;
    this.#once(
      `page ${page}`,
      async () => {
        const grown = await this.#grown(page, this.#pages.get(page) ?? null);
        keep(this.#pages, page, grown, pagesMax);
      },
      hasGrown,
    );
  }

  /** A window with what has come behind its turns. Of the newest turn attempts may have come too. */
  async #grown(page: number, known: TurnPage | null): Promise<TurnPage> {
    const { runs } = this.#client;
    const first = page * pageTurns;
    const end = first + pageTurns;
    const after = known?.turns.at(-1)?.turn ?? first;
    const [turns, { attempts }, open] = await Promise.all([
      after >= end ? [] : runs.turns(this.#runId, { after, limit: end - after }),
      runs.attempts(this.#runId, { after: Math.max(first, after - 1), limit: pageTurns }),
      known === null && first > 0 ? this.#openAfter(first) : (known?.open ?? null),
    ]);
    const kept = (known?.attempts ?? []).filter((one) => one.turn < after);
    return {
      turns: [...(known?.turns ?? []), ...turns],
      attempts: [...kept, ...attempts.filter((one) => one.turn <= end)],
      open,
    };
  }

  async #openAfter(turn: number): Promise<RunSnapshot['open']> {
    return (await this.#client.runs.snapshotAt(this.#runId, turn)).open;
  }

  #once(name: string, ask: () => Promise<void>, isNews = false): void {
    const under = this.#asking.get(name);
    if (under !== undefined) {
      under.isStale ||= isNews;
      return;
    }
    const one = { isStale: false };
    this.#asking.set(name, one);
    ask()
      .then(
        () => {
          this.trouble.value = null;
        },
        (error: unknown) => {
          this.trouble.value = error instanceof Error ? error : new Error(String(error));
          this.#wanted = null;
        },
      )
      .finally(() => {
        this.#asking.delete(name);
        this.version.value += 1;
        if (one.isStale) this.#once(name, ask);
        this.#askWanted();
      });
  }
}

function keep<Value>(map: Map<number, Value>, key: number, value: Value, most: number): void {
  map.delete(key);
  map.set(key, value);
  for (const [oldest] of map) {
    if (map.size <= most) break;
    map.delete(oldest);
  }
}
