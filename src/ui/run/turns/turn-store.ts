/**
 * The turns of a run as the page holds them. It owns windows of turns, snapshots and attempts that were fetched; word of
 * the newest comes by the stream, and they are asked for behind those that are there.
 *
 * 1. It holds `pagesMax` windows and `snapshotsMax` snapshots at most; what was fetched longest ago goes first.
 * 2. One read is under way at a time: what the shown turn needs first, then what lies beside it. So a key that is held
 *    comes into a window that is there already.
 * 3. A read that the shown turn does not need any more, because somebody went elsewhere, is given up.
 * 4. What was refused is asked for again when somebody goes on or word comes, and holds back nothing behind it.
 * 5. A window that has grown is read on behind its last turn; word that comes meanwhile reads it once more.
 */
import { signal } from '@preact/signals';
import type { Attempt, Client, RunSnapshot, TracedTurn } from '../../../client/index.ts';
import { nameOf, pageOf, pageTurns, wantedFor, type Read } from './wanted.ts';

const pagesMax = 60;
const snapshotsMax = 300;

export type TurnPage = {
  readonly turns: readonly TracedTurn[];
  readonly attempts: readonly Attempt[];
  /** What was open before its first turn; null where that is not known, or there was nothing. */
  readonly open: RunSnapshot['open'] | null;
};

/** `isNews`: it reads on what is there, and is not given up. */
type Reading = {
  readonly name: string;
  readonly isNews: boolean;
  readonly stop: AbortController;
};

export class TurnStore {
  /** Grows when something has come that was looked for. Whatever reads the store reads it, so that it is shown anew. */
  readonly version = signal(0);
  readonly trouble = signal<Error | null>(null);
  readonly #client: Client;
  readonly #runId: string;
  readonly #pages = new Map<number, TurnPage>();
  readonly #snapshots = new Map<number, RunSnapshot>();
  /** Windows that have grown since they were read. */
  readonly #grown = new Set<number>();
  /** Snapshots that were looked for and are not here, of the turn that is shown. */
  readonly #missed = new Set<number>();
  /** Names of reads that were refused since somebody went on or word came. */
  readonly #refused = new Set<string>();
  #reading: Reading | null = null;
  #wanted: readonly Read[] = [];

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
    const known = this.#snapshots.get(turn) ?? null;
    if (known === null) this.#missed.add(turn);
    return known;
  }

  /** The windows that are here and lie before the one of this turn. */
  pagesBefore(turn: number): readonly TurnPage[] {
    void this.version.value;
    const own = pageOf(turn);
    return [...this.#pages].filter(([page]) => page < own).map(([, page]) => page);
  }

  /** Asks for what is needed to show this turn, and for what lies beside it. */
  need(turn: number, last: number): void {
    this.#wanted = wantedFor(turn, last);
    this.#refused.clear();
    for (const missed of this.#missed)
      if (missed !== turn && missed !== turn - 1) this.#missed.delete(missed);
    // Word of some turns may have been lost: what is shown of a window may end before this turn.
    const known = this.#pages.get(pageOf(turn));
    if (known !== undefined && (known.turns.at(-1)?.turn ?? 0) < Math.min(turn, last))
      this.#grown.add(pageOf(turn));
    this.#next();
  }

  /** The run has come to this turn, or an attempt of its calls has ended: its newest window has grown. */
  grown(turn: number): void {
    const page = pageOf(turn);
    const isRead = this.#reading?.name === nameOf({ kind: 'page', page });
    if (!this.#pages.has(page) && !isRead && turn % pageTurns !== 1) return;
    this.#grown.add(page);
    this.#refused.clear();
    this.#next();
  }

  /** Nobody looks at it any more: what is under way is given up. */
  close(): void {
    this.#wanted = [];
    this.#grown.clear();
    this.#reading?.stop.abort();
    this.#reading = null;
  }

  #next(): void {
    if (this.#reading !== null) {
      const { name, isNews, stop } = this.#reading;
      if (isNews || this.#wanted.some((read) => nameOf(read) === name)) return;
      stop.abort();
      this.#reading = null;
    }
    const grown = [...this.#grown].map((page): Read => ({ kind: 'page', page }));
    const read = [...this.#wanted, ...grown].find((one) => this.#isMissing(one));
    if (read !== undefined) this.#begin(read);
  }

  #isMissing(read: Read): boolean {
    if (this.#refused.has(nameOf(read))) return false;
    if (read.kind === 'snapshot') return !this.#snapshots.has(read.turn);
    return !this.#pages.has(read.page) || this.#grown.has(read.page);
  }

  #begin(read: Read): void {
    const isNews = read.kind === 'page' && this.#grown.delete(read.page);
    const reading = { name: nameOf(read), isNews, stop: new AbortController() };
    this.#reading = reading;
    const ended = (trouble: Error | null): void => {
      if (this.#reading !== reading) return;
      this.#reading = null;
      if (trouble !== null) {
        this.#refused.add(reading.name);
        if (isNews) this.#grown.add(read.page);
      }
      // One that went well says nothing of another that was refused.
      if (trouble !== null || this.#refused.size === 0) this.trouble.value = trouble;
      this.#next();
    };
    this.#read(read, reading.stop.signal).then(
      (keep) => {
        if (this.#reading !== reading) return;
        keep();
        ended(null);
      },
      (error: unknown) => ended(error instanceof Error ? error : new Error(String(error))),
    );
  }

  /** Gives what keeps it: what was given up is not kept. */
  async #read(read: Read, stop: AbortSignal): Promise<() => void> {
    if (read.kind === 'page') {
      const page = await this.#pageRead(read.page, this.#pages.get(read.page) ?? null, stop);
      return () => {
        keep(this.#pages, read.page, page, pagesMax);
        this.version.value += 1;
      };
    }
    const { turn } = read;
    const snapshot = await this.#client.runs.snapshotAt(this.#runId, turn, { signal: stop });
    return () => {
      keep(this.#snapshots, turn, snapshot, snapshotsMax);
      if (this.#missed.delete(turn)) this.version.value += 1;
    };
  }

  /** A window with what has come behind its turns. Of the newest turn attempts may have come too. */
  async #pageRead(page: number, known: TurnPage | null, signal: AbortSignal): Promise<TurnPage> {
    const { runs } = this.#client;
    const first = page * pageTurns;
    const end = first + pageTurns;
    const after = known?.turns.at(-1)?.turn ?? first;
    const behind = { after: Math.max(first, after - 1), limit: pageTurns, signal };
    const [turns, { attempts }, open] = await Promise.all([
      after >= end ? [] : runs.turns(this.#runId, { after, limit: end - after, signal }),
      runs.attempts(this.#runId, behind),
      known === null && first > 0 ? this.#openAfter(first, signal) : (known?.open ?? null),
    ]);
    const kept = (known?.attempts ?? []).filter((one) => one.turn < after);
    return {
      turns: [...(known?.turns ?? []), ...turns],
      attempts: [...kept, ...attempts.filter((one) => one.turn <= end)],
      open,
    };
  }

  async #openAfter(turn: number, signal: AbortSignal): Promise<RunSnapshot['open']> {
    return (await this.#client.runs.snapshotAt(this.#runId, turn, { signal })).open;
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
