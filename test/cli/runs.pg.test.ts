/** The small commands, beside a replica that does the work. */
import { assign, setup } from 'xstate';
import { afterAll, expect, it, vi } from 'vitest';
import { catalogue, createHeddle, stubProvider } from '../../src/index.ts';
import { serve } from '../../src/server.ts';
import { testDatabase } from '../support/postgres.ts';
import { called } from './called.ts';
import { linesOf } from './spawned.ts';

const url = await testDatabase();
const bareUrl = await testDatabase();

type Go = { readonly type: 'go'; readonly answer: number };

const waiter = setup({
  types: { context: {} as { readonly answer: number }, events: {} as Go },
}).createMachine({
  id: 'waiter',
  context: { answer: 0 },
  initial: 'waiting',
  states: {
    waiting: {
      on: { go: { target: 'done', actions: assign({ answer: ({ event }) => event.answer }) } },
    },
    done: { type: 'final' },
  },
  output: ({ context }) => context.answer,
});

const sleeper = setup({ actors: { ...catalogue } }).createMachine({
  id: 'sleeper',
  initial: 'listening',
  states: {
    listening: {
      invoke: {
        id: 'news',
        src: 'receive',
        input: { channels: ['a', 'b'], timeoutMs: 7_200_000 },
      },
      after: { 3_600_000: 'over' },
    },
    over: { type: 'final' },
  },
});

const clerk = setup({
  types: { context: {} as { readonly count: unknown } },
  actors: { ...catalogue },
}).createMachine({
  id: 'clerk',
  context: { count: null },
  initial: 'asking',
  states: {
    asking: {
      invoke: {
        id: 'count',
        src: 'ask',
        input: { question: 'How many?', schema: { type: 'integer' } },
        onDone: {
          target: 'done',
          actions: assign({ count: ({ event }) => event.output.answer }),
        },
      },
    },
    done: { type: 'final' },
  },
  output: ({ context }) => context.count,
});

const asker = setup({ actors: { ...catalogue } }).createMachine({
  id: 'asker',
  initial: 'asking',
  states: {
    asking: { invoke: { id: 'why', src: 'generate', input: { prompt: 'why?' }, onDone: 'done' } },
    done: { type: 'final' },
  },
});

const here = await createHeddle({
  agents: [waiter, clerk, sleeper],
  providers: [stubProvider()],
  databaseUrl: url,
});
afterAll(() => here.close());

const cli = (...args: readonly string[]) => called(...args, '--database-url', url);

it('says of a run whose call no replica can make what it waits for', async () => {
  const bare = await createHeddle({ agents: [asker], databaseUrl: bareUrl });
  try {
    const run = await bare.start('asker');
    await expect.poll(() => run.status(), { timeout: 20_000 }).toBe('stalled');
    const { stdout: list } = await called('runs', '--database-url', bareUrl);
    expect(list).toContain('stalled');
    const { stdout } = await called('show', run.id, '--database-url', bareUrl);
    expect(stdout).toContain('call why: this replica has no providers');
    expect(stdout).toContain('give createHeddle `providers`');
  } finally {
    await bare.close();
  }
});

it('lists runs, by what is asked', async () => {
  const [first, second] = await here.startAll([
    { agent: 'waiter', tenant: 'lists', pipeline: 'p1' },
    { agent: 'waiter', tenant: 'lists', pipeline: 'p2' },
  ]);
  const list = async (...flags: readonly string[]) => {
    const { code, stdout } = await cli('runs', '--tenant', 'lists', '--jsonl', ...flags);
    expect(code).toBe(0);
    return linesOf<{ readonly id: string; readonly agent: string }>(stdout);
  };
  expect((await list()).map(({ id }) => id)).toEqual([second?.id, first?.id]);
  expect(await list('--pipeline', 'p1', '--agent', 'waiter')).toMatchObject([
    { id: first?.id, agent: 'waiter', pipeline: 'p1', endedAtMs: null },
  ]);
  expect(await list('--status', 'completed,failed')).toEqual([]);
  expect(await list('--limit', '1')).toHaveLength(1);
  const table = await cli('runs', '--tenant', 'lists');
  expect(table.stdout).toContain(first?.id);
  const none = await cli('runs', '--tenant', 'nobody');
  expect(none).toEqual({ code: 0, stdout: '', stderr: 'No such run.\n' });
  expect((await cli('runs', '--tenant', 'nobody', '--json')).stdout).toBe('[]\n');
  const document = await cli('runs', '--tenant', 'lists', '--json');
  expect(JSON.parse(document.stdout)).toHaveLength(2);
});

it('sends an event, which the replica that owns the run takes', async () => {
  const run = await here.start('waiter');
  const sent = await cli('send', run.id, 'go', '{"answer":42}');
  expect(sent).toMatchObject({ code: 0, stdout: '' });
  expect(await run.output({ timeoutMs: 20_000 })).toBe(42);
  const shown = await cli('show', run.id);
  expect(shown.stdout).toMatch(/status +completed\n/);
  expect(shown.stdout).toMatch(/output +42\n/);
  const journal = await cli('show', run.id, '--journal', '--jsonl');
  expect(journal.stdout).toContain('"answer":42');
  const turns = await cli('show', run.id, '--journal', '--json');
  expect(JSON.parse(turns.stdout)).toHaveLength(linesOf(journal.stdout).length);
});

it('shows where a run stands and what it has open, and of an ended run where it ended', async () => {
  const run = await here.start('clerk', { tenant: 'shown' });
  await vi.waitFor(async () => expect(await run.questions()).toHaveLength(1), 20_000);
  const flags = ['--tenant', 'shown'];
  const text = (await cli('show', run.id, ...flags)).stdout;
  expect(text).toMatch(/state +asking\n/);
  expect(text).toMatch(/context +\{"count":null\}\n/);
  const [shown] = linesOf((await cli('show', run.id, '--jsonl', ...flags)).stdout);
  const input = { question: 'How many?', schema: { type: 'integer' } };
  expect(shown).toMatchObject({
    state: 'asking',
    context: { count: null },
    open: [{ id: 'count', src: 'ask', input }],
    timers: [],
  });
  await run.answer('count', 3);
  expect(await run.output({ timeoutMs: 20_000 })).toBe(3);
  const [over] = linesOf((await cli('show', run.id, '--jsonl', ...flags)).stdout);
  expect(over).toMatchObject({ state: 'done', context: { count: 3 } });
  expect(over).toMatchObject({ open: [], timers: [] });
  const ended = (await cli('show', run.id, ...flags)).stdout;
  expect(ended).not.toMatch(/^open/m);
});

it('shows what a run waits for in full, when its timers are due, and the build of each turn', async () => {
  const run = await here.start('sleeper');
  await vi.waitFor(async () => expect(await run.status()).toBe('waiting-on-channel'), 20_000);
  const [shown] = linesOf((await cli('show', run.id, '--jsonl')).stdout);
  const ms = expect.any(Number) as number;
  expect(shown).toMatchObject({
    open: [{ id: 'news', src: 'receive', channels: ['a', 'b'], dueInMs: ms }],
    timers: [{ id: expect.stringContaining('3600000'), dueInMs: ms }],
    waitsFor: expect.stringMatching(
      /^news waits for messages on channels a, b, in .*; timer .* is due in (59 min|1 h)/,
    ),
  });
  const { timers } = shown as { readonly timers: readonly { readonly dueInMs: number }[] };
  const leftMs = timers[0]!.dueInMs;
  expect(leftMs).toBeGreaterThan(3_000_000);
  expect(leftMs).toBeLessThanOrEqual(3_605_000);
  expect((await cli('show', run.id)).stdout).toMatch(/waitsFor +news waits for messages/);
  const text = (await cli('show', run.id, '--journal', '--jsonl')).stdout;
  expect(text).toContain(`"build":"${here.runtime.agents.newest('sleeper').build}"`);
  await run.cancel();
});

it('sends an event once, however often, with a key', async () => {
  const run = await here.start('waiter');
  const twice = ['send', run.id, 'none', '{"answer":1}', '--key', 'k'];
  expect(await cli(...twice)).toMatchObject({ code: 0 });
  expect(await cli(...twice)).toMatchObject({ code: 0 });
  const other = await cli('send', run.id, 'go', '{"answer":2}', '--key', 'k');
  expect(other).toMatchObject({ code: 1 });
  expect(other.stderr).toContain('request-differs');
});

it('lists what is asked, and answers it once', async () => {
  const tenant = ['--tenant', 'asked'];
  const run = await here.start('clerk', { tenant: 'asked' });
  await vi.waitFor(async () => expect(await run.questions()).toHaveLength(1), 20_000);
  const all = await cli('questions', '--jsonl', ...tenant);
  const [question] = linesOf<{ readonly askId: string }>(all.stdout);
  expect(question).toMatchObject({ runId: run.id, question: 'How many?', invocationId: 'count' });
  const one = await cli('questions', run.id, ...tenant);
  expect(one.stdout).toContain(`askId  ${question!.askId}`);
  expect(one.stdout).toContain('{"type":"integer"}');
  expect((await cli('questions', ...tenant, '--limit', '0')).code).not.toBe(0);
  expect((await cli('questions', '--tenant', 'nobody')).stderr).toBe('Nothing is asked.\n');
  for (const of of [
    ['--agent', 'clerk'],
    ['--older-than', '0'],
  ]) {
    const found = await cli('questions', ...of, '--jsonl', ...tenant);
    expect(linesOf(found.stdout), of[0]).toMatchObject([{ runId: run.id, agent: 'clerk' }]);
  }
  for (const of of [
    ['--agent', 'x'],
    ['--assignee', 'ann'],
    ['--older-than', '3600'],
  ]) {
    expect((await cli('questions', ...of, '--json', ...tenant)).stdout, of[0]).toBe('[]\n');
  }
  const both = await cli('questions', run.id, '--agent', 'clerk', ...tenant);
  expect(both).toMatchObject({ code: 2, stdout: '' });
  const bad = await cli('answer', run.id, 'count', 'many', ...tenant);
  expect(bad.stderr).toContain('answer-invalid');
  expect((await cli('answer', run.id, 'count', '{"a', ...tenant)).stderr).toContain('invalid-json');
  const good = ['answer', run.id, question!.askId, '7', ...tenant];
  expect(await cli(...good)).toMatchObject({ code: 0, stdout: '' });
  expect(await run.output({ timeoutMs: 20_000 })).toBe(7);
  expect((await cli(...good)).stderr).toContain('ask-unknown');
});

it('cancels a run, with its reason', async () => {
  const run = await here.start('waiter', { tenant: 'other' });
  const flags = ['--tenant', 'other', '--reason', 'not needed'];
  expect(await cli('cancel', run.id, ...flags)).toMatchObject({ code: 0 });
  await expect(run.output({ timeoutMs: 20_000 })).rejects.toMatchObject({ code: 'run-cancelled' });
  const { stdout } = await cli('show', run.id, '--tenant', 'other', '--jsonl');
  expect(linesOf(stdout)).toMatchObject([{ status: 'cancelled', id: run.id }]);
});

it('says when there is no such run, and that a database is current', async () => {
  const nobody = '00000000-0000-7000-8000-000000000000';
  const { code, stderr } = await cli('show', nobody);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `heddle: run-unknown: No run has the id ${nobody}.\nnext: heddle runs\n`,
  });
  expect(await cli('migrate')).toMatchObject({ code: 0, stderr: '' });
});

it('shows a run as of a turn, and what its calls have met', async () => {
  const run = await here.start('waiter');
  await cli('send', run.id, 'go', '{"answer":5}');
  await run.output({ timeoutMs: 20_000 });
  // This process has no charts: it tells what is kept.
  const { stdout } = await cli('show', run.id, '--turn', '1');
  expect(stdout).toMatch(/exact +no: the process that was asked has no chart of this version/);
  const last = linesOf((await cli('show', run.id, '--turn', '2', '--jsonl')).stdout);
  expect(last).toMatchObject([{ turn: 2, exact: true, context: { answer: 5 }, edges: null }]);
  const server = await serve(here, { port: 0 });
  const asked = await called('show', run.id, '--turn', '1', '--url', server.url);
  const second = await called('show', run.id, '--turn', '2', '--url', server.url);
  await server.close();
  expect(asked.stdout).toMatch(/exact +yes\n/);
  expect(asked.stdout).toMatch(/state +waiting\n/);
  expect(second.stdout).toMatch(/edges +waiter\.waiting go → waiter\.done\n/);
  expect((await cli('show', run.id, '--turn', 'x')).code).toBe(2);
  expect((await cli('show', run.id, '--turn', '99')).stderr).toContain('invalid-field');
  expect((await cli('show', run.id, '--attempts')).stderr).toBe('No provider was asked yet.\n');
  expect((await cli('show', run.id, '--attempts', '--json')).stdout).toBe('[]\n');
});

it('lists the versions of an agent with the runs on each, and draws its chart', async () => {
  const all = linesOf((await cli('agents', 'list', '--jsonl')).stdout);
  expect(all).toContainEqual(expect.objectContaining({ agent: 'waiter', isHere: false }));
  const run = await here.start('clerk', { tenant: 'drawn' });
  const versions = await cli('agents', 'list', 'clerk', '--tenant', 'drawn', '--jsonl');
  expect(linesOf(versions.stdout)).toMatchObject([{ agent: 'clerk', openRuns: 1 }]);
  expect((await cli('agents', 'list', 'clerk')).stdout).toContain('open runs');
  expect((await cli('agents', 'draw', 'waiter')).stdout).toMatch(/^stateDiagram-v2\n/);
  const outline = await cli('agents', 'draw', 'waiter', '--as', 'outline');
  expect(outline.stdout).toBe('waiter\n  waiting  [initial]\n    go → done\n  done  [final]\n');
  const sketch = await cli('agents', 'draw', 'waiter', '--as', 'sketch');
  expect(JSON.parse(sketch.stdout)).toMatchObject({ id: 'waiter', initial: 'waiting' });
  expect((await cli('agents', 'draw', 'nobody')).stderr).toContain('agent-unknown');
  expect((await cli('agents', 'draw', 'waiter', '--as', 'svg')).code).toBe(2);
  await run.cancel();
});

it('lists channels, their groups and memory entries, and renews a lease', async () => {
  const tenant = ['--tenant', 'names'];
  await cli('channels', 'publish', 'yarn', '1', ...tenant);
  await cli('channels', 'publish', 'wool', '2', ...tenant);
  const list = await cli('channels', 'list', '--prefix', 'y', '--jsonl', ...tenant);
  expect(linesOf(list.stdout)).toMatchObject([{ channel: 'yarn', head: 1 }]);
  expect((await cli('channels', 'list', ...tenant)).stdout).toMatch(/wool[^]*yarn/);
  expect(
    linesOf((await cli('channels', 'list', '--limit', '1', '--jsonl', ...tenant)).stdout),
  ).toHaveLength(1);
  const leased = await cli('channels', 'lease', 'yarn', 'g', '--jsonl', ...tenant);
  const [{ token }] = linesOf<{ readonly token: string }>(leased.stdout) as [{ token: string }];
  const kept = await cli('channels', 'renew', 'yarn', 'g', token, '--lease-ms', '9000', ...tenant);
  expect(kept).toMatchObject({ code: 0, stderr: `${token} is kept\n` });
  const lost = await cli('channels', 'renew', 'yarn', 'g', 'none', ...tenant);
  expect(lost).toMatchObject({ code: 1 });
  expect(lost.stderr).toContain('lease-lost');
  expect((await cli('channels', 'groups', 'yarn', ...tenant)).stdout).toMatch(/g +│ +1 +│ +0/);
  await cli('memory', 'put', 'user', 'ann', 'colour', '"blue"', ...tenant);
  expect((await cli('memory', 'list', 'user', 'ann', ...tenant)).stdout).toContain('"blue"');
  expect((await cli('memory', 'list', 'user', 'bob', '--json', ...tenant)).stdout).toBe('[]\n');
});

it('gives a run an evaluation, lists it and counts it', async () => {
  const run = await here.start('waiter', { tenant: 'judged' });
  const tenant = ['--tenant', 'judged'];
  expect((await cli('evaluate', run.id, '0.5', 'half', ...tenant)).code).toBe(0);
  expect((await cli('evaluate', run.id, 'much', 'x', ...tenant)).code).toBe(2);
  const list = await cli('evaluations', run.id, '--jsonl', ...tenant);
  expect(linesOf(list.stdout)).toMatchObject([{ score: 0.5, rationale: 'half', by: 'loopback' }]);
  expect((await cli('evaluations', '--agent', 'waiter', ...tenant)).stdout).toContain('half');
  const totals = await cli('evaluations', '--totals', '--jsonl', ...tenant);
  expect(linesOf(totals.stdout)).toMatchObject([{ agent: 'waiter', count: 1, mean: 0.5 }]);
  await run.cancel();
});

it('lists providers, from what replicas have written of them', async () => {
  // The first commit of the replica has told of its stub.
  const { code, stdout } = await cli('providers', '--jsonl');
  expect(code).toBe(0);
  expect(linesOf(stdout)).toMatchObject([{ gate: 'stub', status: 'open', inUse: 0 }]);
  const shown = await cli('replicas');
  expect(shown.stdout).toContain(String(here.runtime.replicaId));
  expect(JSON.parse((await cli('replicas', '--json')).stdout)).toMatchObject({ shards: 32 });
  expect((await cli('providers')).stdout).toContain('stub');
});
