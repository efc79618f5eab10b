/**
 * Every class of SQLSTATE, raised in a real Postgres at a real statement: what the port makes of it,
 * and that no run fails for what is not its own (promises 5 and 13).
 */
import { setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { createHeddle } from '../../../src/heddle.ts';
import { task } from '../../../src/index.ts';
import { failureKind, portError } from '../../../src/store/postgres/link/failure.ts';
import { testDatabase } from '../../support/postgres.ts';
import { withClient } from './database.ts';

/** Beside each class what its errors are about, and the code that the port gives them. */
const classes: readonly (readonly [string, string])[] = [
  ['0A000', 'store-error'],
  ['22003', 'store-poison'],
  ['22023', 'store-error'],
  ['23502', 'store-error'],
  ['23514', 'store-error'],
  ['25P02', 'store-error'],
  ['26000', 'store-error'],
  ['28000', 'store-error'],
  ['2BP01', 'store-error'],
  ['34000', 'store-error'],
  ['38000', 'store-error'],
  ['3D000', 'store-error'],
  ['42501', 'store-error'],
  ['42P01', 'store-error'],
  ['42883', 'store-error'],
  ['44000', 'store-error'],
  ['53100', 'store-error'],
  ['53200', 'store-error'],
  ['54000', 'store-poison'],
  ['55000', 'store-error'],
  ['55P03', 'store-error'],
  ['57014', 'store-error'],
  ['57P01', 'store-unavailable'],
  ['58030', 'store-error'],
  ['72000', 'store-error'],
  ['F0000', 'store-error'],
  ['HV000', 'store-error'],
  ['P0001', 'store-error'],
  ['XX000', 'store-error'],
  ['XX001', 'store-error'],
  ['ZZ999', 'store-error'],
];

describe('an error of the class', () => {
  it.each(classes)('%s comes as %s', (code, wanted) => {
    const error = Object.assign(new Error('the words of the database'), { code });
    const { code: got, message } = portError(error);
    expect(got).toBe(wanted);
    expect(message).toContain('the words of the database');
  });

  it.each([
    ['TypeError', new TypeError('x'), 'bug'],
    ['RangeError', Object.assign(new RangeError('x'), { code: 'ERR_OUT_OF_RANGE' }), 'bug'],
    ['nothing', null, 'bug'],
    ['a socket', Object.assign(new Error('x'), { code: 'ECONNRESET' }), 'lost'],
    ['the driver', new Error('Connection terminated unexpectedly'), 'lost'],
  ])('none, of %s, is told apart from an outage', (_, error, kind) => {
    expect(failureKind(error)).toBe(kind);
  });
});

const agent = setup({
  actors: { work: task(() => new Promise((resolve) => setTimeout(resolve, 300))) },
}).createMachine({
  id: 'worker',
  initial: 'a',
  states: {
    a: { invoke: { id: 'work', src: 'work', onDone: 'b' } },
    b: { after: { 50: 'c' } },
    c: { type: 'final' },
  },
});

const boom = (table: string, code: string): string => `
  create or replace function public.boom() returns trigger language plpgsql as
    $$ begin raise exception 'planted' using errcode = '${code}'; end $$;
  create trigger boom before insert or update on heddle.${table}
    for each statement execute function public.boom()`;

/** Each leaves the database as a person's slip would, and takes it back. */
const slips: readonly (readonly [string, string, string])[] = [
  ...['58030', 'XX000', '42501', '23514', '55000', '57014', '53100', '40001'].map(
    (code) =>
      [
        `${code} at the journal`,
        boom('journal', code),
        'drop trigger boom on heddle.journal',
      ] as const,
  ),
  ...['runs', 'inbox', 'timers', 'commits'].map(
    (table) =>
      [`XX000 at ${table}`, boom(table, 'XX000'), `drop trigger boom on heddle.${table}`] as const,
  ),
  ...['runs', 'journal', 'inbox', 'timers', 'shards'].map(
    (table) =>
      [
        `${table} renamed`,
        `alter table heddle.${table} rename to away`,
        `alter table heddle.away rename to ${table}`,
      ] as const,
  ),
];

/** Each has a database of its own, because most of it is a wait: several wait together. */
const withDatabases = await Promise.all(
  slips.map(async ([name, off, on]) => ({ name, off, on, url: await testDatabase() })),
);

describe.concurrent('for a while', () => {
  it.each(withDatabases)('$name: runs wait and go on', { timeout: 120_000 }, async (slip) => {
    const { url, off, on } = slip;
    const admin = (sql: string): Promise<unknown> => withClient(url, (client) => client.query(sql));
    const warnings: string[] = [];
    const heddle = await createHeddle({
      agents: [agent],
      databaseUrl: url,
      log: { info: () => undefined, warn: (message) => void warnings.push(message) },
    });
    try {
      const runs = await heddle.startAll(Array.from({ length: 6 }, () => ({ agent: 'worker' })));
      await admin(off);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await admin(on);
      for (const run of runs) await run.output({ timeoutMs: 60_000 }).catch(() => undefined);
      for (const run of runs) expect(await run.row()).toMatchObject({ status: 'completed' });
      expect(warnings.length).toBeLessThan(60);
    } finally {
      await heddle.close();
    }
  });
});
