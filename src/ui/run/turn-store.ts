/**
 * The turns of a run as the page holds them. It owns windows of turns, snapshots and attempts that were fetched; the
 * newest come by the stream, the others are asked for when somebody goes there.
 *
 * 1. It holds `pagesMax` windows and `snapshotsMax` snapshots at most; what was seen longest ago goes first.
 * 2. A window is asked for once, however often somebody passes it.
 */
import { signal } from '@preact/signals';
import type { Attempt, Client, RunSnapshot, TracedTurn } from '../../client/index.ts';

const pageTurns = 200;
const pagesMax = 60;
const snapshotsMax = 300;

/** The window that a turn stands in. */
const pageOf = (turn: number): number => Math.floor((turn - 1) / pageTurns);

export type TurnPage = {
  readonly turns: readonly TracedTurn[];
  readonly attempts: readonly Attempt[];
};

export class TurnStore {
  /** Grows with everything that has come: what reads the store reads it anew. */
  readonly version = signal(0);
  readonly trouble = signal<Error | null>(null);
  readonly #client: Client;
  readonly #runId: string;
  readonly #pages = new Map<number, TurnPage>();
  readonly #snapshots = new Map<number, RunSnapshot>();
  readonly #asked = new Set<string>();

  constructor(client: Client, runId: string) {
    this.#client = client;
    this.#runId = runId;
  }

  page(turn: number): TurnPage | null {
    return this.#pages.get(pageOf(turn)) ?? null;
  }

  turn(turn: number): TracedTurn | null {
    return this.page(turn)?.turns.find((one) => one.turn === turn) ?? null;
  }

  snapshot(turn: number): RunSnapshot | null {
    return this.#snapshots.get(turn) ?? null;
  }

  /** Asks for what is needed to show this turn, and for the turns beside it. */
  need(turn: number, last: number): void {
    for (const near of [turn, turn + 1, turn - 1]) {
      if (near < 1 || near > last) continue;
      this.#once(`snapshot ${near}`, this.#snapshots.has(near), async () => {
        const snapshot = await this.#client.runs.snapshotAt(this.#runId, near);
        keep(this.#snapshots, near, snapshot, snapshotsMax);
      });
    }
    this.#needPage(pageOf(turn));
  }

  /** The run has come to this turn: its window has grown. */
  grown(turn: number): void {
    const page = pageOf(turn);
    if (this.#pages.has(page) || turn === 1) this.#needPage(page, true);
  }

  #needPage(page: number, again = false): void {
    this.#once(`page ${page}`, this.#pages.has(page) && !again, async () => {
      const after = page * pageTurns;
      const query = { after, limit: pageTurns };
      const [turns, { attempts }] = await Promise.all([
        this.#client.runs.turns(this.#runId, query),
        this.#client.runs.attempts(this.#runId, query),
      ]);
      keep(this.#pages, page, { turns, attempts }, pagesMax);
    });
  }

  #once(name: string, isThere: boolean, ask: () => Promise<void>): void {
    if (isThere || this.#asked.has(name)) return;
    this.#asked.add(name);
    ask()
      .then(
        () => {
          this.trouble.value = null;
        },
        (error: unknown) => {
          this.trouble.value = error instanceof Error ? error : new Error(String(error));
        },
      )
      .finally(() => {
        this.#asked.delete(name);
        this.version.value += 1;
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
