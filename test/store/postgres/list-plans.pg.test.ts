/** How Postgres goes about lists of runs: each walk by its own index, and no index on what a turn changes. */
import type pg from 'pg';
import { expect, it } from 'vitest';
import { statements } from '../../../src/store/postgres/link/statement.ts';
import { hot, openPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { makeRuns } from '../../bench/service/million-runs.ts';
import { testDatabase } from '../../support/postgres.ts';
import { withClient } from './database.ts';

const url = await testDatabase();
await (await openPostgresStore({ connectionString: url })).close();
await withClient(url, (client) => makeRuns(client, { ended: 20_000, open: 300 }));

const indexes: Readonly<Record<string, readonly string[]>> = {
  all: ['runs_pkey'],
  outcome: ['runs_outcome'],
  agent: ['runs_agent'],
  user: ['runs_user'],
  pipeline: ['runs_pipeline'],
  code: ['runs_code'],
  parent: ['runs_parent'],
  end: ['runs_ended_at'],
  open: ['runs_open'],
  children: ['runs_parent'],
  tag: ['run_tags_pkey', 'runs_pkey'],
};

type Node = {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly Node[];
};

const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

async function planOf(client: pg.Client, text: string): Promise<Node[]> {
  const plan = await client.query<{ 'QUERY PLAN': readonly { Plan: Node }[] }>(
    `explain (generic_plan, format json) ${text}`,
  );
  return nodesOf(plan.rows[0]!['QUERY PLAN'][0]!.Plan);
}

it('each walk goes along its own index, in the order of the index', async () => {
  await withClient(url, async (client) => {
    for (const [name, value] of Object.entries(hot)) await client.query(`set ${name} = ${value}`);
    const walks = [...statements.values()].filter(({ name }) => name.startsWith('list_'));
    expect(walks.length).toBeGreaterThan(40);
    for (const { name, text } of walks) {
      const kind = name.replace(/^list_(probe_)?/, '').split('_')[0] ?? '';
      const nodes = await planOf(client, text);
      const used = nodes.flatMap((node) => node['Index Name'] ?? []);
      expect(used.toSorted(), name).toEqual(indexes[kind]);
      const types = nodes.map((node) => node['Node Type']);
      expect(types, name).not.toContain('Seq Scan');
      // The open runs of 32 shards and the children of several runs are put in order; no other runs are.
      if (kind !== 'open' && kind !== 'children') expect(types, name).not.toContain('Sort');
    }
  });
});

it('a value that no run has is not looked for among all of them', async () => {
  await withClient(url, async (client) => {
    for (const [name, value] of Object.entries(hot)) await client.query(`set ${name} = ${value}`);
    await client.query(`prepare absent as ${statements.get('list_agent_newest_line')!.text}`);
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `explain (analyze, buffers) execute absent('million', '00000000-0000-0000-0000-000000000000',
        'ffffffff-ffff-ffff-ffff-ffffffffffff', 5000, 100, null, null, null, null, null, null, null,
        null, null, 'nobody', 'completed')`,
    );
    const [, pages] = /shared hit=(\d+)/.exec(rows.map((row) => row['QUERY PLAN']).join(' ')) ?? [];
    expect(Number(pages)).toBeLessThan(10);
  });
});

/** What each turn or change of status writes: an index on one of them would end updates in place. */
const changing = ['turn', 'status', 'reason', 'chart', 'held', 'output', 'build'];

it('no index stands on a column that a turn changes', async () => {
  await withClient(url, async (client) => {
    const { rows } = await client.query<{ index: string; column: string }>(
      `select i.indexrelid::regclass::text as index, a.attname as column
        from pg_index i
        join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = i.indexrelid
          and d.refclassid = 'pg_class'::regclass and d.refobjid = i.indrelid
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = d.refobjsubid
        where i.indrelid = 'heddle.runs'::regclass`,
    );
    expect(rows.filter(({ column }) => column === 'run_id').length).toBeGreaterThanOrEqual(8);
    expect(rows.filter(({ column }) => changing.includes(column))).toEqual([]);
  });
});
