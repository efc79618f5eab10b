/** Open questions of all runs on Postgres: how they are found, and those of earlier releases. */
import { expect, it } from 'vitest';
import { migrations } from '../../../src/store/postgres/migrations.ts';
import { statements } from '../../../src/store/postgres/link/statement.ts';
import { openPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { testDatabase } from '../../support/postgres.ts';
import { withClient } from './database.ts';

const url = await testDatabase();
const before = await testDatabase({ empty: true });

const run = (n: number) => `aaaaaaaa-0000-7000-8000-${String(n).padStart(12, '0')}`;
const insertRun = `insert into heddle.runs (run_id, shard, tenant, agent, version, user_name, pipeline,
    input, turn, status, reason, chart, held)
  values ($1, 1, 'acme', $2, '1', 'u', 'p', 'null', 1, 'waiting-on-person', '', '', '')`;
const insertQuestion = `insert into heddle.questions (tenant, run_id, invocation_id, incarnation, question)
  values ('acme', $1, 'ask', 1, $2)`;
/** As an earlier release writes them; the last two are no JSON that Postgres can read a name from. */
const asked = [
  '{"question":"a?","schema":null,"assignee":"ann"}',
  '{"question":"b?","schema":null,"data":{"assignee":"not"}}',
  '{"question":"c \\u0000?","schema":null,"assignee":"\\u0000"}',
  '{"question":"d?"',
];
const found = [
  ['editor', 'ann'],
  ['clerk', null],
  ['editor', null],
  ['clerk', null],
];

it('those that were open before this release have their agent and assignee', async () => {
  const place = migrations.findIndex(({ name }) => name === '000016_operations');
  await withClient(before, async (client) => {
    await client.query('create schema heddle');
    await client.query(`create table heddle.migrations
      (id serial primary key, name varchar(255) not null, run_on timestamp not null)`);
    for (const { name, sql } of migrations.slice(0, place)) {
      await client.query('set search_path to heddle');
      await client.query(sql);
      await client.query('insert into heddle.migrations (name, run_on) values ($1, now())', [name]);
    }
    for (const [n, question] of asked.entries()) {
      await client.query(insertRun, [run(n), n % 2 === 0 ? 'editor' : 'clerk']);
      await client.query(insertQuestion, [run(n), question]);
    }
  });
  await (await openPostgresStore({ connectionString: before })).close();
  const { rows } = await withClient(before, (client) =>
    client.query('select agent, assignee from heddle.questions order by run_id'),
  );
  expect(rows.map(({ agent, assignee }) => [agent, assignee])).toEqual(found);
});

it('so have those that a replica of an earlier release writes beside this one', async () => {
  await (await openPostgresStore({ connectionString: url })).close();
  const { rows } = await withClient(url, async (client) => {
    for (const [n, question] of asked.entries()) {
      await client.query(insertRun, [run(n), n % 2 === 0 ? 'editor' : 'clerk']);
      await client.query(insertQuestion, [run(n), question]);
    }
    return client.query('select agent, assignee from heddle.questions order by run_id');
  });
  expect(rows.map(({ agent, assignee }) => [agent, assignee])).toEqual(found);
});

it('each filter is a range of an index in the order of the list, wherever the page begins', async () => {
  await withClient(url, async (client) => {
    await client.query(`insert into heddle.questions
        (tenant, run_id, invocation_id, incarnation, question, agent, assignee, answered, asked_at)
      select 'acme', gen_random_uuid(), 'ask', 1, '{}', 'agent-' || n % 50, 'person-' || n % 200, n % 10 = 0,
        now() - n * interval '1 second'
      from generate_series(1, 20000) n`);
    await client.query('analyze heddle.questions');
    await client.query('set plan_cache_mode = force_custom_plan');
    const text = statements.get('questions_list')?.text ?? '';
    const planOf = async (assignee: string, agent: string, from: string) => {
      const { rows } = await client
        .query(
          `prepare list (text, text, text, bigint, bigint, uuid, text, int) as ${text};
         explain (format json) execute list
           ('acme', ${assignee}, ${agent}, 0, ${from}, '${run(1)}', 'ask', 100);
         deallocate list`,
          // Several statements: the second has the rows.
        )
        .then((results) => (results as unknown as { rows: unknown[] }[])[1] ?? { rows: [] });
      return JSON.stringify(rows);
    };
    const from = ['null', '1700000000000000'];
    for (const start of from) {
      const plans = {
        questions_open: await planOf('null', 'null', start),
        questions_assignee: await planOf("'person-7'", 'null', start),
        questions_agent: await planOf('null', "'agent-7'", start),
      };
      for (const [index, plan] of Object.entries(plans)) {
        expect(plan, index).toContain(`"Index Name":"${index}"`);
        expect(plan, index).not.toMatch(/Seq Scan|"Sort/);
      }
    }
  });
});
