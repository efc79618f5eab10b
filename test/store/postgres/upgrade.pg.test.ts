/** A database of heddle 0.1.0, with questions open and answers waiting, goes on where it was. */
import type pg from 'pg';
import { assign, setup } from 'xstate';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { catalogue, createHeddle, type Heddle } from '../../../src/index.ts';
import { asRunId, shardOf } from '../../../src/domain/ids.ts';
import { createKernel } from '../../../src/kernel/kernel.ts';
import { migrations } from '../../../src/store/postgres/migrations.ts';
import { tables } from '../../../src/store/postgres/migrations/000001-tables.ts';
import { testDatabase } from '../../support/postgres.ts';
import { withClient } from './database.ts';

const url = await testDatabase({ empty: true });

/** Asks twice under one id. */
const asker = setup({
  types: { context: {} as { readonly said: readonly unknown[] } },
  actors: { ...catalogue },
  guards: { enough: ({ context }) => context.said.length > 1 },
}).createMachine({
  id: 'asker',
  context: { said: [] },
  initial: 'asking',
  states: {
    asking: {
      invoke: {
        id: 'approve',
        src: 'ask',
        input: { question: 'Go "on"?', schema: { type: 'string' }, timeoutMs: 3_600_000 },
        onDone: {
          target: 'choosing',
          actions: assign({ said: ({ context, event }) => [...context.said, event.output.answer] }),
        },
        onError: {
          target: 'choosing',
          actions: assign({ said: ({ context }) => [...context.said, 'timeout'] }),
        },
      },
    },
    choosing: { always: [{ guard: 'enough', target: 'done' }, { target: 'asking' }] },
    done: { type: 'final' },
  },
  output: ({ context }) => context.said,
});

const kernel = createKernel();
const agent = kernel.register(asker, { version: '1' });
const idOf = (n: number) => asRunId(`aaaaaaaa-0000-7000-8000-${String(n).padStart(12, '0')}`);

/** A run as 0.1.0 left it: its question's words in `held`, without a number. */
async function leave(client: pg.Client, n: number, answers: readonly string[]): Promise<void> {
  const runId = idOf(n);
  const chart = kernel.persist(agent, kernel.start(agent, null, runId).state);
  const held = {
    receives: {},
    children: {},
    asks: { approve: { question: 'Go "on"?', schema: { type: 'string' } } },
    cursors: {},
    conversations: {},
  };
  const shard = shardOf(runId);
  await client.query(
    `insert into heddle.runs (run_id, shard, tenant, agent, version, user_name, pipeline, input, turn,
       status, reason, chart, held)
     values ($1::uuid, $2, 'default', 'asker', '1', 'default', $1::uuid::text, 'null', 1, 'waiting-on-person', '',
       $3, $4)`,
    [runId, shard, chart, JSON.stringify(held)],
  );
  for (const answer of answers) {
    await client.query(
      `insert into heddle.inbox (run_id, shard, tenant, key, kind, ref, payload)
       values ($1, $2, 'default', '#' || nextval('heddle.inbox_seq'), 'answer', 'approve', $3)`,
      [runId, shard, JSON.stringify(answer)],
    );
  }
}

let heddle: Heddle;
beforeAll(async () => {
  await withClient(url, async (client) => {
    await client.query('create schema heddle');
    await client.query(`create table heddle.migrations
      (id serial primary key, name varchar(255) not null, run_on timestamp not null)`);
    await client.query(tables);
    await client.query(
      `insert into heddle.migrations (name, run_on) values ('000001_tables', now())`,
    );
    await leave(client, 1, []);
    await leave(client, 2, ['first', 'second']);
    // One that holds nothing open, and one that has ended.
    await client.query(`insert into heddle.runs (run_id, shard, tenant, agent, version, user_name,
        pipeline, input, turn, status, reason, chart, held, ended_at)
      values (gen_random_uuid(), 1, 'default', 'asker', '1', 'u', 'p', 'null', 1, 'completed', '',
        '{"status":"done"}', '', now()),
        (gen_random_uuid(), 1, 'other', 'asker', '1', 'u', 'p', 'null', 0, 'queued', '', '', '', null)`);
  });
  heddle = await createHeddle({ agents: [{ machine: asker, version: '1' }], databaseUrl: url });
});
afterAll(() => heddle.close());

it('shows the questions that were open, and takes one answer to each', async () => {
  const run = await heddle.run(idOf(1));
  const [question] = await run.questions();
  expect(question).toMatchObject({ question: 'Go "on"?', schema: { type: 'string' } });
  await expect(run.answer('approve', 5)).rejects.toMatchObject({ code: 'answer-invalid' });
  await run.answer(question!.askId, 'yes');
  await expect
    .poll(async () => (await run.questions())[0]?.askId, { timeout: 20_000 })
    .not.toBe(question!.askId);
  await expect.poll(() => run.questions(), { timeout: 20_000 }).toHaveLength(1);
  await expect(run.answer(question!.askId, 'yes')).rejects.toMatchObject({ code: 'ask-unknown' });
  await run.answer('approve', 'also');
  expect(await run.output({ timeoutMs: 20_000 })).toEqual(['yes', 'also']);
});

it('of answers that waited the first is for the question, and the second for none', async () => {
  const run = await heddle.run(idOf(2));
  await expect.poll(() => run.questions(), { timeout: 20_000 }).toHaveLength(1);
  const entries = [];
  for await (const { entry } of run.journal()) entries.push(entry);
  expect(entries).toMatchObject([
    { kind: 'done', output: { answer: 'first' } },
    { kind: 'answer-dropped', answer: 'second' },
  ]);
  await run.answer('approve', 'third');
  expect(await run.output({ timeoutMs: 20_000 })).toEqual(['first', 'third']);
});

it('structures that an earlier release has kept stand among the agents', async () => {
  const older = await testDatabase({ empty: true });
  const at = migrations.findIndex(({ name }) => name === '000010_agents');
  await withClient(older, async (client) => {
    await client.query('create schema heddle');
    await client.query(`create table heddle.migrations
      (id serial primary key, name varchar(255) not null, run_on timestamp not null)`);
    for (const { name, sql } of migrations.slice(0, at)) {
      await client.query(sql);
      await client.query('insert into heddle.migrations (name, run_on) values ($1, now())', [name]);
    }
    await client.query(`insert into heddle.structures (agent, version, structure)
      values ('asker', '0', 'of then'), ('asker', '1', 'of then')`);
    await client.query(`insert into heddle.runs (run_id, shard, tenant, agent, version, user_name,
        pipeline, input, turn, status, reason, chart, held)
      values (gen_random_uuid(), 1, 'other', 'asker', '0', 'u', 'p', 'null', 0, 'queued', '', '', '')`);
  });
  const agents = (version: string) => [{ machine: asker, version }];
  const options = { databaseUrl: older, log: { info: () => undefined, warn: () => undefined } };
  await expect(createHeddle({ ...options, agents: agents('0') })).rejects.toMatchObject({
    code: 'structure-changed',
  });
  const later = await createHeddle({ ...options, agents: agents('1') });
  const known = await later.agents({ agent: 'asker' });
  await later.close();
  expect(known).toMatchObject([
    { version: '0', structure: 'of then', definition: null, definitionMissing: 'not-recorded' },
    { version: '1', structure: agent.structure, definition: { id: 'asker' } },
  ]);
});
