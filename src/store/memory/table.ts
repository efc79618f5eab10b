/**
 * Rows in memory, with secondary indexes and an undo log for transactions.
 *
 * Invariants:
 * 1. Rows are never changed in place. `put` replaces the row, so an old row that is still referenced
 *    does not change.
 * 2. Every write is in the undo log until its transaction ends, so that undoing costs what was written,
 *    not what the database holds.
 */

/** Names hold no NUL (domain/ids.ts), so no two lists of parts give the same key. */
export function join(...parts: readonly (string | number)[]): string {
  return parts.join('\u0000');
}

/** Copies plain data and freezes the copy, so that no caller shares a stored row. */
export function own<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items: unknown[] = value.map((item: unknown) => own(item));
    return Object.freeze(items) as Value;
  }
  const copy: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) copy[name] = own(item);
  return Object.freeze(copy) as Value;
}

export class UndoLog {
  private steps: (() => void)[] = [];
  private depth = 0;

  add(step: () => void): void {
    this.steps.push(step);
  }

  /** Runs `work` wholly or not at all. `work` must be synchronous, so that nothing runs in between. */
  transaction<Result>(work: () => Result): Result {
    if (this.depth > 0) throw new Error('a transaction is open: a store method called another');
    this.depth++;
    try {
      return work();
    } catch (error) {
      for (const undo of this.steps.reverse()) undo();
      throw error;
    } finally {
      this.steps = [];
      this.depth--;
    }
  }
}

export class Table<Row extends object, Index extends string = never> {
  private rows = new Map<string, Row>();
  private readonly indexes = new Map<Index, Map<string, Map<string, Row>>>();
  private readonly undo: UndoLog;
  private readonly keyOf: (row: Row) => string;
  private readonly indexKeys: Readonly<Record<Index, (row: Row) => string | null>>;

  constructor(
    undo: UndoLog,
    keyOf: (row: Row) => string,
    indexKeys: Readonly<Record<Index, (row: Row) => string | null>>,
  ) {
    this.undo = undo;
    this.keyOf = keyOf;
    this.indexKeys = indexKeys;
    for (const name of this.indexNames()) this.indexes.set(name, new Map());
  }

  get(key: string): Row | undefined {
    return this.rows.get(key);
  }

  /** All rows, in no promised order. */
  all(): Row[] {
    return [...this.rows.values()];
  }

  /** The rows with this index key, in no promised order. */
  by(index: Index, key: string): Row[] {
    const found = this.indexes.get(index)?.get(key);
    return found === undefined ? [] : [...found.values()];
  }

  count(index: Index, key: string): number {
    return this.indexes.get(index)?.get(key)?.size ?? 0;
  }

  put(row: Row): void {
    const key = this.keyOf(row);
    const before = this.rows.get(key);
    this.undo.add(() => this.write(key, row, before));
    this.write(key, before, row);
  }

  remove(key: string): void {
    const before = this.rows.get(key);
    if (before === undefined) return;
    this.undo.add(() => this.write(key, undefined, before));
    this.write(key, before, undefined);
  }

  /** Replaces all rows. Only outside a transaction. */
  replaceAll(rows: Iterable<Row>): void {
    this.rows = new Map();
    for (const name of this.indexNames()) this.indexes.set(name, new Map());
    for (const row of rows) this.write(this.keyOf(row), undefined, row);
  }

  private write(key: string, before: Row | undefined, after: Row | undefined): void {
    for (const [name, index] of this.indexes) {
      const keyOf = this.indexKeys[name];
      if (before !== undefined) drop(index, keyOf(before), key);
      if (after !== undefined) add(index, keyOf(after), key, after);
    }
    if (after === undefined) this.rows.delete(key);
    else this.rows.set(key, after);
  }

  private indexNames(): Index[] {
    return Object.keys(this.indexKeys) as Index[];
  }
}

function drop<Row>(index: Map<string, Map<string, Row>>, at: string | null, key: string): void {
  if (at === null) return;
  const rows = index.get(at);
  if (rows?.delete(key) === true && rows.size === 0) index.delete(at);
}

function add<Row>(
  index: Map<string, Map<string, Row>>,
  at: string | null,
  key: string,
  row: Row,
): void {
  if (at === null) return;
  const rows = index.get(at);
  if (rows === undefined) index.set(at, new Map([[key, row]]));
  else rows.set(key, row);
}
