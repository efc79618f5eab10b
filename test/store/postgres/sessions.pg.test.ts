/** Sessions that are of no more use: each is left after the error that says so, and work goes on. */
import { afterAll, afterEach, expect, it } from 'vitest';
import { openPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { Pool, type Server } from '../../../src/store/postgres/link/pool.ts';
import {
  statement,
  statements,
  text,
  type Call,
} from '../../../src/store/postgres/link/statement.ts';
import { testDatabase } from '../../support/postgres.ts';
import { withClient } from './database.ts';

const url = await testDatabase();
await (await openPostgresStore({ connectionString: url })).close();
const server: Server = { generation: 0 };
const pools: Pool[] = [];
const pool = (size = 1): Pool => {
  const made = new Pool({
    connection: { connectionString: url },
    settings: {},
    answerMsMax: 5_000,
    checkoutMsMax: 5_000,
    patienceMs: 5_000,
    server,
    size,
  });
  pools.push(made);
  return made;
};
afterEach(() => Promise.all(pools.splice(0).map((one) => one.close())));
afterAll(async () => {
  await withClient(url, (client) => client.query('drop table if exists altered'));
  // Other files that share this process prepare every statement that there is.
  for (const name of statements.keys()) if (name.startsWith('test_')) statements.delete(name);
});

const asked = (name: string, sql: string): Call => statement(`test_${name}`, [], sql)();
const pid = asked('pid', 'select pg_backend_pid()::text');
const refuse = statement('test_refuse', [text], 'select heddle.refuse($1::text)');
const readOnly = asked(
  'read_only',
  `select set_config('default_transaction_read_only', 'on', false)`,
);
const writes = asked('write', 'delete from heddle.replicas where replica_id = gen_random_uuid()');

async function pidOf(one: Pool): Promise<string> {
  return (await one.run([pid])).get(pid)?.[0]?.[0] ?? '';
}

const ending =
  '25006 25P02 25P03 25P04 26000 42P05 57P01 57P02 57P03 57P04 57P05 08000 08003 08006 08P01';

it.each(ending.split(' '))('after %s the connection is another', async (code) => {
  const one = pool();
  const before = await pidOf(one);
  await expect(one.run([refuse(code)])).rejects.toMatchObject({
    code,
  });
  expect(await pidOf(one)).not.toBe(before);
});

it.each(['40001', '22012', '23505', '42501', '58030', 'HD001', '0A000'])(
  'after %s it is the same',
  async (code) => {
    const one = pool();
    const before = await pidOf(one);
    await expect(one.run([refuse(code)])).rejects.toMatchObject({
      code,
    });
    expect(await pidOf(one)).toBe(before);
  },
);

it('a write to a session that has become read-only goes on in another', async () => {
  const [writer, reader] = [pool(), pool()];
  const before = [await pidOf(writer), await pidOf(reader)];
  await writer.run([readOnly]);
  await writer.once([writes]);
  // What only reads would notice nothing; its connection leads to the same server.
  expect([await pidOf(writer), await pidOf(reader)].filter((now) => before.includes(now))).toEqual(
    [],
  );
});

it('a server that takes no writes gets no connection, and is looked at again with pauses', async () => {
  const one = pool();
  const database = new URL(url.replace(/^postgres:\/\/([^@]*)@\//, 'postgres://$1@host/')).pathname;
  const set = (to: string) =>
    withClient(url, (client) =>
      client.query(`alter database ${database.slice(1)} set default_transaction_read_only = ${to}`),
    );
  await set('on');
  const began = performance.now();
  const waiting = pidOf(one);
  const mended = new Promise((resolve) => setTimeout(resolve, 1_500)).then(() =>
    withClient(url, async (client) => {
      await client.query('set default_transaction_read_only = off');
      await client.query(`alter database ${database.slice(1)} reset default_transaction_read_only`);
    }),
  );
  await mended;
  expect(await waiting).not.toBe('');
  expect(performance.now() - began).toBeGreaterThan(1_000);
});

it('a statement whose table was altered is prepared anew', async () => {
  const one = pool();
  await withClient(url, (client) => client.query('create table altered as select 1 as a'));
  const all = asked('altered', 'select * from altered');
  expect((await one.read([all])).get(all)).toEqual([['1']]);
  await withClient(url, (client) => client.query('alter table altered add column b int default 2'));
  expect((await one.read([all])).get(all)).toEqual([['1', '2']]);
});

it('statements that somebody has dropped from the session are prepared anew', async () => {
  const one = pool();
  await pidOf(one);
  await one.run([asked('deallocate', 'deallocate all')]).catch(() => undefined);
  expect((await one.read([pid])).get(pid)).toHaveLength(1);
});
