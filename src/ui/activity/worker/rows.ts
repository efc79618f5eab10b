/**
 * The runs that have a row, and in which order they lie.
 *
 * 1. An order is stable: a run keeps its neighbours while it lives, and a new one comes in at its place.
 * 2. There are `rowsMax` rows at most. Beyond that the runs that ended first give theirs up.
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

export class Rows {
  readonly #byId = new Map<string, number>();
  readonly #runs: (RowRun | null)[] = [];
  readonly #free: number[] = [];
  /** Rows of runs that have ended, in the order of their ends. */
  readonly #ended = new Set<number>();
  readonly #wiped: (row: number) => void;
  #order: Order = 'agent';
  #sorted: Int32Array | null = null;
  #bands: readonly Band[] = [];

  constructor(wiped: (row: number) => void) {
    this.#wiped = wiped;
  }

  get size(): number {
    return this.#byId.size;
  }

  rowOf(runId: string): number | undefined {
    return this.#byId.get(runId);
  }

  runAt(row: number): RowRun | null {
    return this.#runs[row] ?? null;
  }

  /** The row of a run; a new one where it has none. Null: there is no room. */
  take(run: RowRun): number | null {
    const known = this.#byId.get(run.runId);
    if (known !== undefined) return known;
    const row = this.#room();
    if (row === null) return null;
    this.#byId.set(run.runId, row);
    this.#runs[row] = run;
    this.#sorted = null;
    return row;
  }

  ended(row: number): void {
    this.#ended.add(row);
  }

  orderBy(order: Order): void {
    if (order === this.#order) return;
    this.#order = order;
    this.#sorted = null;
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

  #room(): number | null {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#runs.length < rowsMax) return this.#runs.length;
    const [oldest] = this.#ended;
    if (oldest === undefined) return null;
    this.#ended.delete(oldest);
    const run = this.#runs[oldest];
    if (run !== null && run !== undefined) this.#byId.delete(run.runId);
    this.#wiped(oldest);
    return oldest;
  }

  #sort(): void {
    if (this.#sorted !== null) return;
    const keyOf = keys[this.#order];
    const placed = placesInTurn(this.#runs, this.#byId);
    const rows = [...this.#byId.values()].map((row) => {
      const run = this.#runs[row] as RowRun;
      return { row, run, key: keyOf(run), place: placed.get(run.runId) ?? 0 };
    });
    rows.sort(
      (a, b) => compare(a.key, b.key) || a.place - b.place || compare(a.run.runId, b.run.runId),
    );
    this.#sorted = Int32Array.from(rows, ({ row }) => row);
    const bands: Band[] = [];
    for (const [at, { key }] of rows.entries()) {
      const last = bands.at(-1);
      if (last?.name === key) bands[bands.length - 1] = { ...last, to: at + 1 };
      else bands.push({ name: key, from: at, to: at + 1 });
    }
    this.#bands = bands;
  }
}

const keys: Readonly<Record<Order, (run: RowRun) => string>> = {
  agent: ({ agent }) => agent,
  user: ({ user }) => user,
  pipeline: ({ pipeline, runId }) => (pipeline === '' ? runId : pipeline),
};

const collator = new Intl.Collator('en', { numeric: true });
const compare = (a: string, b: string): number => (a === b ? 0 : collator.compare(a, b));

/**
 * The first pipeline of each user, then the second of each, and so on: fair service is a clean diagonal then. Ids of
 * runs grow with the time of their start.
 */
function placesInTurn(
  runs: readonly (RowRun | null)[],
  known: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const ids = [...known.keys()].toSorted();
  const nth = new Map<string, Map<string, number>>();
  const places = new Map<string, number>();
  for (const id of ids) {
    const { user, pipeline } = runs[known.get(id) ?? -1] as RowRun;
    const of = nth.get(user) ?? new Map<string, number>();
    nth.set(user, of);
    const group = pipeline === '' ? id : pipeline;
    const n = of.get(group) ?? of.size;
    of.set(group, n);
    places.set(id, n);
  }
  return places;
}
