/**
 * A database of the release before lists over all runs, with runs open and ended in each way: this heddle migrates it,
 * its lists have all that was there, and every run goes on. `database-before-service.json` holds that database's rows;
 * the limit of the call that is open in them lies a hundred years off, for the rows grow older than an hour.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClient, type Client } from '../../src/client/index.ts';
import { stubProvider, type Heddle, type HeddleOptions } from '../../src/index.ts';
import { serve } from '../../src/server.ts';
import { openHeddle } from '../support/heddle.ts';
import { testDatabase } from '../support/postgres.ts';
import { restored, type Left } from './restored.ts';
import { all, always } from './service-agents.ts';

const url = await testDatabase({ empty: true });
const model = () => stubProvider({ name: 'model', ceiling: 2, latencyMs: 1, seed: 1 });
let left: Left;
let heddle: Heddle;
let client: Client;
const closes: (() => Promise<void>)[] = [];

/** Without `replica` it reads what was left, and no run goes on. */
async function open(options: HeddleOptions): Promise<void> {
  for (const close of closes.splice(0)) await close();
  ({ heddle } = await openHeddle(url, { providers: [model()], ...options }));
  const server = await serve(heddle, { port: 0 });
  client = createClient({ url: server.url });
  closes.push(
    () => server.close(),
    () => heddle.close(),
  );
}

beforeAll(async () => {
  left = await restored(url, './database-before-service.json', '000013_relays');
  await open({ agents: always, replica: false });
});
afterAll(async () => {
  for (const close of closes.splice(0)) await close();
});

const idOf = (name: string): string => left.ids[name] ?? '';
const nameOf = (id: string): string =>
  Object.entries(left.ids).find(([, known]) => known === id)?.[0] ?? 'child';

async function listed(query: Parameters<Client['runs']['list']>[0]): Promise<readonly string[]> {
  const { items } = await client.runs.list(query);
  return items.map(({ id }) => nameOf(id));
}

it('lists find what was there by each filter', async () => {
  expect(await listed({ status: ['failed'] })).toEqual(['failed']);
  expect(await listed({ status: ['cancelled'] })).toEqual(['cancelled']);
  expect(await listed({ status: ['completed'], order: 'oldest' })).toEqual([
    'called',
    'judged',
    'writer',
    'ended parent',
    'child',
  ]);
  expect(await listed({ status: ['paused', 'stalled', 'waiting-on-channel'] })).toEqual([
    'calling',
    'reading',
    'paused',
    'missed',
  ]);
  expect(await listed({ agent: 'writer' })).toEqual(['writer']);
  expect(await listed({ agent: 'asker', status: ['completed'] })).toEqual(['child']);
  expect(await listed({ user: 'bob' })).toEqual([
    'child',
    'parent',
    'paused',
    'child',
    'ended parent',
    'failed',
    'judged',
  ]);
  expect(await listed({ pipeline: 'p' })).toEqual(['asked', 'judged', 'called']);
  expect(await listed({ code: 'run-failed' })).toEqual(['failed']);
  expect(await listed({ code: 'run-cancelled' })).toEqual(['cancelled']);
  expect(await listed({ parent: idOf('ended parent') })).toEqual(['child']);
  expect(await listed({ parent: idOf('parent') })).toEqual(['child']);
  expect(await listed({ idPrefix: idOf('paused') })).toEqual(['paused']);
  expect(await listed({ tag: ['any'] })).toEqual([]);
  const endedFromMs = Number((await client.runs.get(idOf('judged'))).endedAtMs);
  expect(await listed({ endedFromMs, endedBelowMs: endedFromMs + 1 })).toEqual(['judged']);
  const children = await client.runs.children(idOf('parent'));
  expect(children.runs).toMatchObject([{ agent: 'asker', status: 'waiting-on-person', tags: [] }]);
});

it('facets count what was there', async () => {
  const { total, by } = await client.runs.facets({});
  expect(total).toBe(17);
  expect(by.status).toMatchObject({ completed: 5, failed: 1, cancelled: 1, paused: 1 });
  expect(by.code).toEqual({ 'run-failed': 1, 'run-cancelled': 1 });
  expect(by.agent).toMatchObject({ asker: 4, caller: 2, missed: 1 });
  expect((await client.runs.facets({ user: 'ann', status: ['completed'] })).total).toBe(2);
  expect(await client.runs.meant('cancel', { agent: 'asker' })).toBe(2);
});

it('questions over all runs are those that were open', async () => {
  const asked = async (query: Parameters<Client['questions']['list']>[0]) => {
    const { items } = await client.questions.list(query);
    return items.map(({ runId, assignee, agent }) => [nameOf(runId), assignee, agent]);
  };
  expect(await asked({})).toEqual([
    ['asked', 'ann', 'clerk'],
    ['paused', null, 'asker'],
    ['child', null, 'asker'],
  ]);
  expect(await asked({ assignee: 'ann' })).toEqual([['asked', 'ann', 'clerk']]);
  expect(await asked({ agent: 'asker', olderThanMs: 1 })).toHaveLength(2);
  const [question] = (await client.questions.list({ assignee: 'ann' })).items;
  expect(question).toMatchObject({ question: 'May it be "sent"?', data: { letter: 1 } });
});

it('evaluations, channels, groups, memory and budgets are listed', async () => {
  const list = await client.evaluations.list({ agent: 'listener' });
  expect(list.items).toMatchObject([
    { subjectRunId: idOf('judged'), score: 0.25, agent: 'listener', by: null },
  ]);
  expect((await client.evaluations.totals({})).totals).toMatchObject([
    { agent: 'listener', count: 1, mean: 0.25 },
  ]);
  expect((await client.channels.list({})).items).toMatchObject([
    { channel: 'letters', head: 2, groups: 1 },
    { channel: 'news', head: 0, groups: 0 },
  ]);
  expect((await client.channels.groups('letters')).groups).toMatchObject([
    { group: 'readers', leased: 1 },
  ]);
  const entries = await client.memory.list({ scope: 'user', owner: 'ann' }, { prefix: 'letters/' });
  expect(entries.items).toMatchObject([{ key: 'letters/first', version: 1 }]);
  const budget = await client.operator.budget({ user: 'ann' });
  expect(budget).toMatchObject({ budget: { tokens: 1_000_000 } });
});

it('the past of a run is told as far as it was kept', async () => {
  const { runs } = client;
  const turns = await runs.journal(idOf('judged'));
  expect(turns.flatMap(({ entries }) => entries)).toMatchObject([
    { kind: 'start' },
    { kind: 'event', event: { type: 'GO', what: 'over' } },
  ]);
  expect(await runs.snapshotAt(idOf('judged'), 2)).toMatchObject({ exact: true, value: 'end' });
  expect((await runs.attempts(idOf('called'))).attempts).toMatchObject([{ how: 'answered' }]);
  expect((await runs.attempts(idOf('calling'))).attempts).toMatchObject([{ how: 'refused' }]);
});

it('an operator sees the gate that rests', async () => {
  const [gate] = await client.operator.providers();
  expect(gate).toMatchObject({ gate: 'model', status: 'parked', lastOrder: null });
  expect(gate?.lastFault?.text).toContain('refused');
  expect((await client.runs.why(idOf('calling'))).waits).toMatchObject([
    { kind: 'owner' },
    { kind: 'parked' },
  ]);
  expect((await client.runs.why(idOf('missed'))).waits).toMatchObject([
    { kind: 'owner' },
    { kind: 'version' },
  ]);
  const versions = await client.agents.versions('missed');
  expect(versions.versions).toMatchObject([{ version: '1', isHere: false, openRuns: 1 }]);
});

it('every open run goes on to its end', async () => {
  await open({ agents: all });
  const { runs, questions, operator, channels } = client;
  await operator.reopenProvider('model');
  await runs.resume(idOf('paused'));
  for (const { runId, askId } of (await questions.list({})).items) {
    await runs.answer(runId, askId, 'yes');
  }
  await runs.send(idOf('versioned'), { type: 'GO', what: 'on' });
  await channels.publish('news', 'one');
  for (const name of ['asked', 'paused', 'parent', 'reading', 'sleeping', 'versioned', 'calling']) {
    expect(await client.runs.output(idOf(name), { timeoutMs: 20_000 }), name).toMatchObject({
      status: 'completed',
    });
  }
  for (const name of ['missed', 'chore']) {
    const outcome = await client.runs.output(idOf(name), { timeoutMs: 20_000 });
    expect(outcome, name).toMatchObject({ status: 'completed' });
  }
  const { by, total } = await client.runs.facets({});
  expect([total, by.status]).toEqual([17, { completed: 15, failed: 1, cancelled: 1 }]);
  expect((await client.questions.list({})).items).toEqual([]);
  const facts = await client.operator.audit();
  expect(facts).toMatchObject({ journalGaps: 0, doubledMessages: 0, orphanedSubscriptions: 0 });
});

it('runs of before are judged, begun once more, and counted with those of now', async () => {
  await client.evaluations.submit(idOf('judged'), { score: 0.75, rationale: 'Better.' });
  expect((await client.evaluations.totals({ agent: 'listener' })).totals).toMatchObject([
    { count: 2, mean: 0.5 },
  ]);
  const { id } = await client.runs.rerun(idOf('writer'));
  await client.runs.output(id, { timeoutMs: 20_000 });
  expect(await listed({ tag: [`rerun-of:${idOf('writer')}`] })).toEqual(['child']);
  expect(await listed({ agent: 'writer' })).toEqual(['child', 'writer']);
});
