/** The schema, how it comes to be, and how Postgres will go about each statement. */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { migrations } from '../../../src/store/postgres/migrations.ts';
import { hot, openPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { statements } from '../../../src/store/postgres/link/statement.ts';
import { testDatabase } from '../../support/postgres.ts';
import { withClient } from './database.ts';
import { dumpSchema } from './schema-dump.ts';

const url = await testDatabase({ empty: true });
const raced = await testDatabase({ empty: true });
await (await openPostgresStore({ connectionString: url })).close();

/** What was applied somewhere must never change: write another migration instead. */
const checksums: Readonly<Record<string, string>> = {
  '000001_tables': '5c916d32d8847101',
  '000002_answers': 'ed214de2717394e8',
  '000003_structures': '84d255320b8e64a2',
  '000004_start_keys': '02910ac7348bdc1c',
  '000005_releases': '530dd56acf08ffa9',
  '000006_gate_faults': '8cd0e84d0c2ee1ba',
  '000007_images': '66269394039b0877',
  '000008_records': '65d2355dbd5318df',
  '000009_checkpoints': '9ae5cf12309faa06',
  '000010_agents': '32687216c0ed363c',
  '000012_access': '8aa2f4d0e04f58dd',
  '000013_relays': 'd91d91e59ae6fbd4',
  '000014_listing': '4e315b705ed161e5',
  '000015_senders': '20735f1bed2891b8',
  '000016_operations': '1f69fc1c462f8a7d',
  '000019_gate_orders': '0e97fe27088c962d',
  '000020_evaluations': '603feb777604db08',
  '000021_claims': '96f6d2097589dfd5',
};

it('no migration was changed, and each file is listed in its order', async () => {
  const sums = migrations.map(({ name, sql }) => [
    name,
    createHash('sha256').update(sql).digest('hex').slice(0, 16),
  ]);
  expect(Object.fromEntries(sums)).toEqual(checksums);
  const folder = new URL('../../../src/store/postgres/migrations/', import.meta.url);
  const files = (await readdir(folder)).toSorted();
  expect(files).toEqual(migrations.map(({ name }) => `${name.replaceAll('_', '-')}.ts`));
});

it('the schema is the one that is committed (renew it with vitest -u)', async () => {
  await expect(await withClient(url, dumpSchema)).toMatchFileSnapshot('../../schema.sql');
});

it('those who start together migrate once', async () => {
  const stores = await Promise.all(
    [1, 2, 3, 4].map(() => openPostgresStore({ connectionString: raced })),
  );
  await Promise.all(stores.map((store) => store.close()));
  const { rows } = await withClient(raced, (client) =>
    client.query('select name from heddle.migrations'),
  );
  expect(rows).toHaveLength(migrations.length);
});

it('a database of a newer heddle is refused', async () => {
  await withClient(raced, (client) =>
    client.query(`insert into heddle.migrations (name, run_on) values ('999999_later', now())`),
  );
  await expect(openPostgresStore({ connectionString: raced })).rejects.toMatchObject({
    code: 'schema-newer',
    detail: { found: '999999_later' },
  });
});

it('a server that is not there is unavailable', async () => {
  const nowhere = { connection: { host: '127.0.0.1', port: 1 }, startMsMax: 100 };
  await expect(openPostgresStore(nowhere)).rejects.toMatchObject({ code: 'store-unavailable' });
});

it('Postgres prepares every statement', async () => {
  expect(statements.size).toBeGreaterThan(40);
  await withClient(url, async (client) => {
    for (const { name, text } of statements.values()) {
      await client.query(`prepare ${name} as ${text}`);
    }
  });
});

/** Statements that read tables whole, and those of tables that stay small. */
const wide =
  /^(audit|usage|activity|providers_total|prune_|delayed_|runs_list|channels_list|groups_list|memory_list|evaluations_list|evaluations_totals|agents_|tenants_|tokens_list|diagnose_shards)/;
const small = new Set(['shards', 'replicas', 'relay_secret', 'provider_slots', 'providers']);

type Node = {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Cond'?: string;
  readonly 'TID Cond'?: string;
  readonly Plans?: readonly Node[];
};

function unkeyed(node: Node): string[] {
  const below = (node.Plans ?? []).flatMap(unkeyed);
  const table = node['Relation Name'];
  const scans = node['Node Type'].includes('Scan') && table !== undefined && !small.has(table);
  if (!scans || node['Index Cond'] !== undefined || node['TID Cond'] !== undefined) return below;
  return [...below, `${node['Node Type']} on ${table}`];
}

it('each turn and each row is looked up by key, even where the tables were empty', async () => {
  await withClient(url, async (client) => {
    const { rows } = await client.query<{ version: number }>(
      `select current_setting('server_version_num')::int as version`,
    );
    // Before 16, EXPLAIN cannot plan a statement without its parameters.
    if ((rows[0]?.version ?? 0) < 160_000) return;
    await client.query('analyze');
    for (const [name, value] of Object.entries(hot)) await client.query(`set ${name} = ${value}`);
    const found: Record<string, string[]> = {};
    for (const { name, text } of statements.values()) {
      if (wide.test(name)) continue;
      const plan = await client.query<{ 'QUERY PLAN': readonly { Plan: Node }[] }>(
        `explain (generic_plan, format json) ${text}`,
      );
      const whole = unkeyed(plan.rows[0]!['QUERY PLAN'][0]!.Plan);
      if (whole.length > 0) found[name] = whole;
    }
    expect(found).toEqual({});
  });
});
