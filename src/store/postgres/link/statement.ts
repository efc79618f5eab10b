/**
 * A statement with its parameters.
 *
 * In the texts a join to a table stands in `cross join lateral (… offset 0)`, and a changed row is
 * joined by its place (`ctid`). So Postgres can only look up each row of the batch by key. Otherwise
 * it takes a table that was nearly empty when it was last analysed (inbox, timers, waiters: always) as
 * the outer side, and keeps that plan while the table grows: measured, 1,150 µs for a turn instead of
 * 50.
 *
 * Sets of rows go as one array per column, which the statement unnests, so one statement serves a
 * batch of one and a batch of hundreds.
 */
import { asRunId } from '../../../domain/ids.ts';
import type { RunAddress } from '../../rows.ts';
import { oid, type Wire } from './wire.ts';

/** Postgres keeps the prepared statement under `name`, once per connection. */
export type Statement = { readonly name: string; readonly text: string };

/** Every statement of the store, so that a test can prepare and explain each. */
export const statements = new Map<string, Statement>();

export type Param = (wire: Wire) => void;
export type Call = { readonly statement: Statement; readonly params: readonly Param[] };

/** A row of a result: its columns as Postgres's texts, in the statement's order. */
export type Fields = readonly (string | null)[];

/** Gives what makes a call of the statement from the values of $1, $2 …, each written as `params` says. */
export function statement<Values extends readonly unknown[]>(
  name: string,
  params: readonly [...{ [At in keyof Values]: (value: Values[At]) => Param }],
  text: string,
): (...values: Values) => Call {
  const made = named(name, text);
  return (...values) => {
    return { statement: made, params: params.map((of, i) => of(values[i] as never)) };
  };
}

/** The same for a set of rows: its columns come first, as $1, $2 …, then `more`. */
export function rowStatement<Row>(
  name: string,
  columns: readonly Column<Row>[],
  text: string,
): (rows: readonly Row[], ...more: readonly Param[]) => Call {
  const made = named(name, text);
  return (rows, ...more) => ({ statement: made, params: [...paramsOf(columns, rows), ...more] });
}

/** The same, with the number of rows as $1 before the columns. */
export function countedStatement<Row>(
  name: string,
  columns: readonly Column<Row>[],
  text: string,
): (rows: readonly Row[]) => Call {
  const made = named(name, text);
  return (rows) => ({ statement: made, params: [int(rows.length), ...paramsOf(columns, rows)] });
}

function named(name: string, text: string): Statement {
  if (statements.has(name)) throw new Error(`two statements are called ${name}`);
  const made = { name, text };
  statements.set(name, made);
  return made;
}

export const text =
  (value: string | null): Param =>
  (wire) =>
    wire.textParam(value);
export const int =
  (value: number | null): Param =>
  (wire) =>
    wire.int4Param(value);
export const bigint =
  (value: number | string | null): Param =>
  (wire) =>
    wire.int8Param(value);
export const bool =
  (value: boolean): Param =>
  (wire) =>
    wire.boolParam(value);
export const float =
  (value: number): Param =>
  (wire) =>
    wire.float8Param(value);
export const uuid =
  (value: string | null): Param =>
  (wire) =>
    wire.uuidParam(value);
export const ints =
  (values: readonly number[]): Param =>
  (wire) =>
    wire.array(oid.int4, values.length, () => {
      for (const value of values) wire.int4Param(value);
    });
export const texts =
  (values: readonly string[] | null): Param =>
  (wire) => {
    if (values === null) return wire.textParam(null);
    wire.array(oid.text, values.length, () => {
      for (const value of values) wire.textParam(value);
    });
  };

/** One column of a set of rows. */
export type Column<Row> = {
  readonly type: number;
  readonly put: (wire: Wire, row: Row) => void;
};

export const column = {
  text: <Row>(get: (row: Row) => string | null): Column<Row> => {
    return { type: oid.text, put: (wire, row) => wire.textParam(get(row)) };
  },
  int: <Row>(get: (row: Row) => number | null): Column<Row> => {
    return { type: oid.int4, put: (wire, row) => wire.int4Param(get(row)) };
  },
  bigint: <Row>(get: (row: Row) => number | string | null): Column<Row> => {
    return { type: oid.int8, put: (wire, row) => wire.int8Param(get(row)) };
  },
  uuid: <Row>(get: (row: Row) => string | null): Column<Row> => {
    return { type: oid.uuid, put: (wire, row) => wire.uuidParam(get(row)) };
  },
  bool: <Row>(get: (row: Row) => boolean): Column<Row> => {
    return { type: oid.bool, put: (wire, row) => wire.boolParam(get(row)) };
  },
  float: <Row>(get: (row: Row) => number): Column<Row> => {
    return { type: oid.float8, put: (wire, row) => wire.float8Param(get(row)) };
  },
};

/** The columns of a part that each row has. */
export function within<Row, Part>(
  part: (row: Row) => Part,
  columns: readonly Column<Part>[],
): Column<Row>[] {
  return columns.map(({ type, put }) => ({ type, put: (wire, row) => put(wire, part(row)) }));
}

export function paramsOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Param[] {
  return columns.map(({ type, put }) => (wire) => {
    wire.array(type, rows.length, () => {
      for (const row of rows) put(wire, row);
    });
  });
}

/** The runs in a result whose rows begin with tenant, run and shard, each once. */
export function runsIn(rows: readonly Fields[]): RunAddress[] {
  const runs = new Map<string, RunAddress>();
  for (const [tenant, runId, shard] of rows) {
    if (!tenant || !runId) continue;
    runs.set(`${tenant} ${runId}`, { tenant, runId: asRunId(runId), shard: Number(shard) });
  }
  return [...runs.values()];
}

export type RunKey = { readonly tenant: string; readonly runId: string };

/** The address of a run: the first columns of nearly every set of rows. */
export const runColumns: readonly Column<RunKey>[] = [
  column.text((row) => row.tenant),
  column.uuid((row) => row.runId),
];
