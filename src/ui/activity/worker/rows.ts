/**
 * The runs that have a row, and in which order they lie.
 *
 * 1. An order is stable: a run keeps its neighbours while it lives, and a new one comes in at its place.
 * 2. There are `rowsMax` rows at most. Beyond that the runs that ended first give theirs up.
 * 3. A run that has ended keeps its row until its end lies before what is shown.
 */
export const rowsMax = 8_192;

export type Order = 'agent' | 'user' | 'pipeline';

export type RowRun = {
  readonly runId: string;
  readonly agent: string;
  readonly user: string;
  readonly pipeline: string;
  readonly createdAtMs: number;
};

/** Rows that lie together: those of an agent, a user or a pipeline. `from` up to `to` of the order. */
export type Band = { readonly name: string; readonly from: number; readonly to: number };

type Ended = { readonly row: number; readonly endedAtMs: number };

export class Rows {
  readonly #byId = new Map<string, number>();
  readonly #runs: (RowRun | null)[] = [];
  readonly #free: number[] = [];
  /** Those whose runs have ended, the first end first. */
  readonly #ended: Ended[] = [];
  readonly #hasEnded = new Set<number>();
  readonly #wiped: (row: number) => void;
  #order: Order = 'agent';
  #sorted: Int32Array | null = null;
  #bands: readonly Band[] = [];
  #version = 0;

  constructor(wiped: (row: number) => void) {
    this.#wiped = wiped;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Grows when the order, or what is in it, has changed. */
  get version(): number {
    return this.#version;
  }

  rowOf(runId: string): number | undefined {
    return this.#byId.get(runId);
  }

  runAt(row: number): RowRun | null {
    return this.#runs[row] ?? null;
  }

  /** Rows with a run, in no promised order. */
  all(): IterableIterator<number> {
    return this.#byId.values();
  }

  /** The row of a run; a new one where it has none. Null: there is no room. */
  take(run: RowRun): number | null {
    const known = this.#byId.get(run.runId);
    if (known !== undefined) return known;
    const row = this.#room();
    if (row === null) return null;
    this.#byId.set(run.runId, row);
    this.#runs[row] = run;
    this.#changed();
    return row;
  }

  /** As `take`, but nobody gives up a row for it. */
  takeFree(run: RowRun): number | null {
    const isRoom = this.#free.length > 0 || this.#runs.length < rowsMax;
    return isRoom ? this.take(run) : (this.#byId.get(run.runId) ?? null);
  }

  /** The last word on when it ended counts. */
  ended(row: number, endedAtMs: number): void {
    this.#lives(row);
    this.#hasEnded.add(row);
    const last = this.#ended.at(-1);
    const at =
      last === undefined || last.endedAtMs <= endedAtMs
        ? this.#ended.length
        : this.#ended.findIndex((one) => one.endedAtMs > endedAtMs);
    this.#ended.splice(at, 0, { row, endedAtMs });
  }

  /** Runs that ended before this have no row any more. */
  leave(beforeMs: number): void {
    let count = 0;
    while ((this.#ended[count]?.endedAtMs ?? beforeMs) < beforeMs) count += 1;
    for (const { row } of this.#ended.splice(0, count)) this.#giveUp(row);
  }

  /** The run has no row any more, whether it has ended or not. */
  drop(row: number): void {
    this.#lives(row);
    this.#giveUp(row);
  }

  #lives(row: number): void {
    if (!this.#hasEnded.delete(row)) return;
    const at = this.#ended.findIndex((one) => one.row === row);
    if (at >= 0) this.#ended.splice(at, 1);
  }

  orderBy(order: Order): void {
    if (order === this.#order) return;
    this.#order = order;
    this.#changed();
  }

  /** The rows from top to bottom. */
  get sorted(): Int32Array {
    this.#sort();
    return this.#sorted ?? new Int32Array();
  }

  get bands(): readonly Band[] {
    this.#sort();
    return this.#bands;
  }

  #changed(): void {
    this.#sorted = null;
    this.#version += 1;
  }

  #giveUp(row: number): void {
    const run = this.#runs[row];
    if (run === null || run === undefined) return;
    this.#byId.delete(run.runId);
    this.#runs[row] = null;
    this.#hasEnded.delete(row);
    this.#free.push(row);
    this.#wiped(row);
    this.#changed();
  }

  #room(): number | null {
    if (this.#free.length === 0 && this.#runs.length < rowsMax) return this.#runs.length;
    if (this.#free.length === 0) {
      const oldest = this.#ended.shift();
      if (oldest !== undefined) this.#giveUp(oldest.row);
    }
    return this.#free.pop() ?? null;
  }

  #sort(): void {
    if (this.#sorted !== null) return;
    const { rows, bands } = sortedBy(keys[this.#order], this.#runs, this.#byId);
    this.#sorted = rows;
    this.#bands = bands;
  }
}

type KeyOf = (run: RowRun) => string;

const keys: Readonly<Record<Order, KeyOf>> = {
  agent: ({ agent }) => agent,
  user: ({ user }) => user,
  pipeline: ({ pipeline, runId }) => (pipeline === '' ? runId : pipeline),
};

const collator = new Intl.Collator('en', { numeric: true });

/** By key, then by place in turn, then by id. Keys are compared once for each pair of different ones. */
function sortedBy(
  keyOf: KeyOf,
  runs: readonly (RowRun | null)[],
  known: ReadonlyMap<string, number>,
): { readonly rows: Int32Array; readonly bands: readonly Band[] } {
  const ids = [...known.keys()].sort();
  const places = placesInTurn(runs, ids, known);
  const of = ids.map((id) => keyOf(runs[known.get(id) ?? -1] as RowRun));
  const names = [...new Set(of)].sort(collator.compare);
  const ranks = new Map(names.map((name, rank) => [name, rank]));
  const bands = names.map((): number[] => []);
  for (const [nth, key] of of.entries()) bands[ranks.get(key) ?? 0]?.push(nth);
  const rows = new Int32Array(ids.length);
  let at = 0;
  const told = bands.map((band, rank): Band => {
    const from = at;
    // Ids are in order already, and the sort keeps it among equal places.
    band.sort((a, b) => (places[a] as number) - (places[b] as number));
    for (const nth of band) rows[at++] = known.get(ids[nth] as string) as number;
    return { name: names[rank] as string, from, to: at };
  });
  return { rows, bands: told };
}

/**
 * The first pipeline of each user, then the second of each, and so on: fair service is a clean diagonal then. Ids of
 * runs grow with the time of their start.
 */
function placesInTurn(
  runs: readonly (RowRun | null)[],
  ids: readonly string[],
  known: ReadonlyMap<string, number>,
): Int32Array {
  const nth = new Map<string, Map<string, number>>();
  const places = new Int32Array(ids.length);
  for (const [at, id] of ids.entries()) {
    const { user, pipeline } = runs[known.get(id) ?? -1] as RowRun;
    const of = nth.get(user) ?? new Map<string, number>();
    nth.set(user, of);
    const group = pipeline === '' ? id : pipeline;
    const n = of.get(group) ?? of.size;
    of.set(group, n);
    places[at] = n;
  }
  return places;
}
