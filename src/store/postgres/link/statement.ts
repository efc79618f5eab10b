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
import { oid, type Wire } from './wire.ts';

/** Postgres keeps the prepared statement under `name`, once per connection. */
export type Statement = { readonly name: string; readonly text: string };

/** Every statement of the store, so that a test can prepare and explain each. */
export const statements = new Map<string, Statement>();

export function statement(name: string, text: string): Statement {
  if (statements.has(name)) throw new Error(`two statements are called ${name}`);
  const made = { name, text };
  statements.set(name, made);
  return made;
}
export type Param = (wire: Wire) => void;
export type Call = { readonly statement: Statement; readonly params: readonly Param[] };

/** A row of a result: its columns as Postgres's texts, in the statement's order. */
export type Fields = readonly (string | null)[];

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
  (values: readonly string[]): Param =>
  (wire) =>
    wire.array(oid.text, values.length, () => {
      for (const value of values) wire.textParam(value);
    });

/** One column of a set of rows. */
export type Column<Row> = (rows: readonly Row[]) => Param;

function column<Row>(type: number, put: (wire: Wire, row: Row) => void): Column<Row> {
  return (rows) => (wire) =>
    wire.array(type, rows.length, () => {
      for (const row of rows) put(wire, row);
    });
}

export const textColumn = <Row>(get: (row: Row) => string | null): Column<Row> =>
  column(oid.text, (wire, row) => wire.textParam(get(row)));
export const intColumn = <Row>(get: (row: Row) => number | null): Column<Row> =>
  column(oid.int4, (wire, row) => wire.int4Param(get(row)));
export const bigintColumn = <Row>(get: (row: Row) => number | string | null): Column<Row> =>
  column(oid.int8, (wire, row) => wire.int8Param(get(row)));
export const uuidColumn = <Row>(get: (row: Row) => string | null): Column<Row> =>
  column(oid.uuid, (wire, row) => wire.uuidParam(get(row)));
export const boolColumn = <Row>(get: (row: Row) => boolean): Column<Row> =>
  column(oid.bool, (wire, row) => wire.boolParam(get(row)));
export const floatColumn = <Row>(get: (row: Row) => number): Column<Row> =>
  column(oid.float8, (wire, row) => wire.float8Param(get(row)));

/** The columns come first as $1, $2 …, then `more`. */
export function callWith<Row>(
  statement: Statement,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  ...more: readonly Param[]
): Call {
  return { statement, params: [...columns.map((of) => of(rows)), ...more] };
}

/** The address of a run: the first columns of nearly every set of rows. */
export const runColumns: readonly Column<{ readonly tenant: string; readonly runId: string }>[] = [
  textColumn((row) => row.tenant),
  uuidColumn((row) => row.runId),
];
