/** How Postgres goes about lists: each by an index that has its order, and no index of runs on what a turn changes. */
import { expect, it } from 'vitest';
import { statements } from '../../../src/store/postgres/link/statement.ts';
import { hot, openPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { makeRuns, millionTenant as tenant } from '../../bench/service/million-runs.ts';
import { testDatabase } from '../../support/postgres.ts';
import { withClient } from './database.ts';
import { makeRecords, planOf, ranWith } from './plans.ts';

const url = await testDatabase();
await (await openPostgresStore({ connectionString: url })).close();
await withClient(url, async (client) => {
  await makeRuns(client, { ended: 20_000, open: 300 });
  await makeRecords(client, tenant);
});

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

const run = 'c4ca4238-a0b9-2382-0dcc-509a6f75849b';
const at = { us: Date.now() * 1_000 - 3_600_000_000, ms: Date.now() - 1_800_000 };

type Asked = readonly [params: readonly unknown[], indexes: readonly string[]];
const asked = (index: string, ...all: readonly (readonly unknown[])[]): readonly Asked[] =>
  all.map((params) => [params, [index]]);
const channelsBy = ['channels_pkey', 'consumer_groups_pkey', 'messages_pkey'];
const groupsBy = ['channels_pkey', 'consumer_groups_pkey', 'deliveries_pkey'];
const entriesBy = Array.from({ length: 3 }, () => 'memory_versions_pkey');
const nullQuestions = [null, null, 0, null, null, null];

/** By statement: parameters for each way to ask, and the indexes that answer. */
const lists: Readonly<Record<string, readonly Asked[]>> = {
  runs_list: asked('runs_pkey', [tenant, null, null, null, null, 100]),
  journal_read: asked('journal_pkey', [tenant, run, 1_000, 100]),
  journal_read_end: asked('journal_pkey', [tenant, run, 1_000, 100]),
  attempts_read: asked('attempts_pkey', [tenant, run, 50, null, 100], [tenant, run, 50, 7, 100]),
  timers_of: asked('timers_pkey', [tenant, run, 100]),
  questions_run: asked('questions_pkey', [tenant, run, 100]),
  questions_list: [
    ...asked('questions_open', [tenant, ...nullQuestions, 100]),
    ...asked('questions_open', [tenant, null, null, 3_600_000, at.us, run, 'ask', 100]),
    ...asked('questions_assignee', [tenant, 'user-8', null, 0, null, null, null, 100]),
    ...asked('questions_assignee', [tenant, 'user-8', null, 0, at.us, run, 'ask', 100]),
    ...asked('questions_agent', [tenant, null, 'agent-7', 0, null, null, null, 100]),
    ...asked('questions_agent', [tenant, null, 'agent-7', 0, at.us, run, 'ask', 100]),
  ],
  evaluations_read: asked('evaluations_subject', [tenant, 'run-7', 100]),
  evaluations_list: [
    ...asked('evaluations_pkey', [tenant, null, null, null, null, 100]),
    ...asked('evaluations_pkey', [tenant, null, null, null, '8', 100]),
    ...asked('evaluations_agent', [tenant, 'agent-7', 'v1', null, null, 100]),
    ...asked('evaluations_agent', [tenant, 'agent-7', 'v1', null, '8', 100]),
    ...asked('evaluations_agent', [tenant, 'agent-7', null, null, null, 100]),
    ...asked('evaluations_subject', [tenant, null, null, 'run-7', null, 100]),
  ],
  budgets_users: asked(
    'budgets_pkey',
    [tenant, '', null, null, 100],
    [tenant, 'user-7', 'user-8', 'user-77', 100],
  ),
  channels_list: [
    [[tenant, '', null, null, 100], channelsBy],
    [[tenant, 'c/7', 'c/8', 'c/77', 100], channelsBy],
  ],
  groups_list: [
    [[tenant, 'c/7', null, 100], groupsBy],
    [[tenant, 'c/7', 'g/7', 100], groupsBy],
  ],
  memory_list: [
    [[tenant, 'user', 'ann', '', null, null, 100, 200], entriesBy],
    [[tenant, 'user', 'ann', 'k/7', 'k/8', 'k/77', 100, 200], entriesBy],
  ],
  activity_history: asked('activity_pkey', [5, at.ms - 600_000, at.ms, 5_000, 721]),
  weave_open: asked('runs_open', [tenant, 0, 100], [tenant, 15, 100]),
  weave_ended: asked(
    'runs_ended_at',
    [tenant, at.ms - 900_000, at.ms, 0, 100],
    [tenant, at.ms - 60_000, at.ms, 15, 50],
  ),
  weave_turns: asked('journal_pkey', [
    `{${tenant},${tenant}}`,
    `{${run},${run}}`,
    '{1500,700}',
    50,
  ]),
  weave_attempts: asked('attempts_pkey', [
    `{${tenant},${tenant}}`,
    `{${run},${run}}`,
    '{50,90}',
    50,
  ]),
  agents_list: asked('structures_pkey', [null, null, null, 100], ['agent-7', 'agent-7', 'v7', 100]),
  agents_open_runs: asked('runs_open', [null], [tenant]),
  tenants_all: [
    [
      ['', 100],
      ['runs_pkey', 'runs_pkey'],
    ],
  ],
  requests_parts: asked('requests_pkey', [tenant, 'k-7', 'r', 'h', 1_000]),
  tokens_list: asked('tokens_pkey', ['', 100], ['t-7', 100]),
};

/** Not for people, who get pages: what a replica looks for, each planned by key in schema.pg.test.ts. */
const ofReplicas = ['inbox_pending', 'runs_open', 'run_briefs_open', 'timers_due', 'memory_read'];
/** A few rows, the open runs of all tenants, and counts up to a bound: no pages. */
const others = ['replicas_list', 'tenants_open', 'audit_rows', 'evaluations_totals'];

it('each list that is read in pages has its plans here', () => {
  const pages = [...statements.values()].filter(({ name, text }) => {
    const writes = /\b(insert into|update heddle|delete from)\b/.test(text);
    return /\blimit \$\d/.test(text) && !writes && !/^(list|delayed|diagnose)_/.test(name);
  });
  const known = new Set([...Object.keys(lists), ...ofReplicas, ...others]);
  expect(pages.map(({ name }) => name).filter((name) => !known.has(name))).toEqual([]);
});

it.each(Object.keys(lists))(
  '%s reads a page through its index, and not much more',
  async (name) => {
    await withClient(url, async (client) => {
      // As the pool of lists has it: planned for the values.
      await client.query('set plan_cache_mode = force_custom_plan');
      for (const [params, indexes] of lists[name] ?? []) {
        const { nodes, pages } = await ranWith(client, name, params);
        const about = `${name} ${JSON.stringify(params)}`;
        const used = nodes.flatMap((node) => node['Index Name'] ?? []);
        expect(used.toSorted(), about).toEqual(indexes);
        // A hundred rows, each with a look into three other places at most.
        expect(pages, about).toBeLessThan(1_200);
      }
    });
  },
);
