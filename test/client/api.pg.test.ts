/** The client against the API itself: over a socket, and in this process without one. */
import { afterAll, describe, expect, it } from 'vitest';
import { apiInProcess } from '../../src/api/in-process.ts';
import { routes } from '../../src/api/routes.ts';
import {
  createClient,
  type HeddleRequestError,
  type Client,
  type FetchLike,
  type Turn,
} from '../../src/client/index.ts';
import { served } from '../api/served.ts';
import { testDatabase } from '../support/postgres.ts';

const server = await served(await testDatabase());
const api = await apiInProcess(server.heddle);
afterAll(() => api.close());

/** What was asked, as `METHOD /path`, by every client of this file. */
const asked = new Set<string>();

function clientOf(fetched: FetchLike, url: string): Client {
  return createClient({
    url,
    fetch: (address, init) => {
      asked.add(`${init.method} ${new URL(address).pathname}`);
      return fetched(address, init);
    },
  });
}

const ways: Readonly<Record<string, Client>> = {
  'over a socket': clientOf((url, init) => fetch(url, init as RequestInit), server.url),
  'in this process': clientOf(api.fetch, 'http://localhost'),
};

const refusal = async (work: Promise<unknown>): Promise<HeddleRequestError> =>
  work.then(
    () => expect.fail('it was answered'),
    (error: unknown) => error as HeddleRequestError,
  );

describe.each(Object.keys(ways))('%s', (way) => {
  const client = ways[way]!;
  const { agents, runs, channels, memory, operator, questions } = client;
  const asks = { input: { request: `a loom ${way}` } };
  const place = way.replaceAll(' ', '-');

  it('starts a run, sees what it asks, answers, and waits for what it comes to', async () => {
    const { id, tenant } = await runs.start('approval', { ...asks, pipeline: place });
    expect(tenant).toBe('default');
    const output = runs.output(id, { timeoutMs: 60_000 });
    await expect.poll(async () => (await runs.questions(id)).length, { timeout: 30_000 }).toBe(1);
    const [question] = await runs.questions(id);
    expect((await questions.list()).items.map(({ askId }) => askId)).toContain(question!.askId);
    expect(await runs.get(id)).toMatchObject({ status: 'waiting-on-person', ...asks });
    expect(await runs.inside(id)).toMatchObject({
      state: 'asking',
      context: { request: asks.input.request },
      open: [{ id: 'ask', src: 'ask' }],
    });
    expect((await runs.why(id)).words).toContain('a person');
    const unfit = await refusal(runs.answer(id, question!.askId, { approved: 1 }));
    expect(unfit).toMatchObject({ code: 'answer-invalid', status: 400, retryable: false });
    const turns: Turn[] = [];
    const followed = (async () => {
      for await (const turn of runs.follow(id)) turns.push(turn);
    })();
    await runs.answer(id, question!.askId, { approved: true });
    expect(await output).toMatchObject({ id, status: 'completed', output: { approved: true } });
    await followed;
    const journal = await runs.journal(id);
    expect(turns).toEqual(journal);
    expect(turns.map(({ turn }) => turn)).toEqual(turns.map((_, at) => at + 1));
    expect(await runs.evaluations(id)).toEqual([]);
    const { evaluationId } = await client.evaluations.submit(id, { score: 1, rationale: 'good' });
    const given = await client.evaluations.list({ runId: id });
    expect(given.items).toMatchObject([{ evaluationId, subjectRunId: id, score: 1 }]);
    const { totals } = await client.evaluations.totals({ agent: 'approval' });
    expect(totals).toMatchObject([{ agent: 'approval', max: 1 }]);
    const traced = await runs.turns(id, { after: 0, limit: 1 });
    expect(traced).toMatchObject([{ ...journal[0], edges: expect.any(Array) as unknown }]);
    expect(await runs.snapshotAt(id, journal.length)).toMatchObject({
      exact: true,
      status: 'completed',
    });
    expect(await runs.attempts(id)).toEqual({ from: 1, to: journal.length, attempts: [] });
    for await (const attempt of runs.attemptsAll(id)) expect.fail(attempt.how);
  });

  it('starts a run once under a key, and several or none', async () => {
    const once = { ...asks, idempotencyKey: `key-of-${place}` };
    const first = await runs.start('approval', once);
    expect(await runs.start('approval', once)).toEqual(first);
    const two = await runs.startAll([
      { agent: 'approval', ...asks, pipeline: `${place}-2` },
      { agent: 'approval', ...asks, pipeline: `${place}-2` },
    ]);
    expect(two).toHaveLength(2);
    const none = await refusal(
      runs.startAll([{ agent: 'approval', pipeline: `${place}-3` }, { agent: 'nobody' }]),
    );
    expect(none.code).toBe('agent-unknown');
    const found: string[] = [];
    for await (const run of runs.listAll({ pipeline: `${place}-2`, limit: 1 })) found.push(run.id);
    expect(found.toSorted()).toEqual(two.map(({ id }) => id).toSorted());
    expect(await runs.list({ pipeline: `${place}-3` })).toEqual({ items: [], cursor: '' });
    const again = await runs.rerun(first.id, { input: { request: 'another' } });
    expect((await runs.get(again.id)).input).toEqual({ request: 'another' });
    expect(await runs.children(first.id)).toEqual({ runs: [], isCut: false });
    expect(await runs.facets({ pipeline: `${place}-2` })).toMatchObject({ isWhole: true });
    const open = { pipeline: `${place}-2` };
    const matches = await runs.meant('cancel', open);
    expect(matches).toBe(2);
    expect(await runs.command('cancel', open, { matches })).toMatchObject({ done: 2, left: 0 });
    for (const { id } of [first, again]) await runs.cancel(id, 'the test is over');
    expect(await runs.output(first.id)).toMatchObject({ status: 'cancelled' });
  });

  it('pauses, sends, resumes; and says what does not end in time', async () => {
    const { id } = await runs.start('approval', asks);
    await runs.pause(id, 'lunch');
    await expect.poll(async () => (await runs.get(id)).status, { timeout: 30_000 }).toBe('paused');
    await runs.send(id, { type: 'news', n: 1 });
    await runs.resume(id);
    const late = await refusal(runs.output(id, { timeoutMs: 50 }));
    expect(late).toMatchObject({ code: 'run-not-finished', retryable: true });
    expect(late.message).toContain(id);
    await runs.cancel(id);
    const gone = await refusal(runs.get('00000000-0000-7000-8000-000000000000'));
    expect(gone).toMatchObject({ code: 'run-unknown', status: 404 });
  });

  it('publishes, reads and leases', async () => {
    const channel = `yarn/${place}`;
    const { messageId } = await channels.publish(channel, { n: 1 });
    const waiting = channels.read(channel, { after: 1, waitMs: 20_000 });
    await channels.publish(channel, { n: 2 });
    expect((await waiting).messages).toMatchObject([{ seq: 2, payload: { n: 2 } }]);
    const { head, messages } = await channels.read(channel);
    expect({ head, first: messages[0]?.messageId }).toEqual({ head: 2, first: messageId });
    const leased = await channels.lease(channel, 'g', { max: 1 });
    expect(leased).toMatchObject([{ seq: 1, attempt: 1 }]);
    expect(await channels.renew(channel, 'g', [leased[0]!.token])).toEqual([true]);
    expect((await channels.list({ prefix: channel })).items).toMatchObject([
      { channel, head: 2, messages: 2, groups: 1 },
    ]);
    expect(await channels.groups(channel)).toMatchObject({
      head: 2,
      groups: [{ group: 'g', cursor: 1, lag: 1, leased: 1 }],
    });
    expect(await channels.acknowledge(channel, 'g', [leased[0]!.token])).toEqual([true]);
    const lost = channels.renew(channel, 'g', [leased[0]!.token], { leaseMs: 9 });
    expect((await refusal(lost)).code).toBe('lease-lost');
  });

  it('writes memory under the version that it has seen', async () => {
    const entry = { scope: 'user', owner: `ann/${place}`, key: 'a b' } as const;
    expect(await memory.get(entry)).toBeNull();
    expect(await memory.put(entry, 1, { expectedVersion: 0 })).toMatchObject({ version: 1 });
    expect((await refusal(memory.put(entry, 2, { expectedVersion: 0 }))).code).toBe(
      'version-differs',
    );
    expect(await memory.put(entry, { a: 2 }, { expectedVersion: 1 })).toMatchObject({ version: 2 });
    expect(await memory.put(entry, 3)).toMatchObject({ version: 3 });
    expect(await memory.get(entry, { version: 2 })).toMatchObject({ value: { a: 2 } });
    expect((await memory.list(entry, { prefix: 'a' })).items).toMatchObject([
      { key: 'a b', version: 3, bytes: 1, valueStart: '3' },
    ]);
    expect(await memory.delete(entry, 3)).toMatchObject({ version: 4 });
    expect((await memory.list(entry)).items).toEqual([]);
    expect((await memory.list(entry, { deleted: true })).items).toMatchObject([{ deleted: true }]);
    expect((await memory.versions(entry)).map(({ deleted }) => deleted)).toEqual([
      true,
      false,
      false,
      false,
    ]);
    const numbers = await memory.versions(entry, { below: 4, limit: 2 });
    expect(numbers.map(({ version }) => version)).toEqual([3, 2]);
    expect(await memory.get({ scope: 'tenant', key: place })).toBeNull();
  });

  it.each(['.', '..', '~.', '~~..', '...', '~', '~a'])(
    'reaches what is called %s',
    async (name) => {
      const entry = { scope: 'user', owner: name, key: name } as const;
      await memory.put(entry, name);
      expect(await memory.get(entry)).toMatchObject({ key: name, value: name });
      expect((await memory.list({ scope: 'user', owner: name })).items).toMatchObject([
        { key: name },
      ]);
      await channels.publish(name, { said: name });
      const { messages } = await channels.read(name, { after: 0 });
      expect(messages.at(-1)).toMatchObject({ channel: name, payload: { said: name } });
      expect((await channels.groups(name)).head).toBe(messages.length);
    },
  );

  it('shows what an operator looks at', async () => {
    const owner = { user: place };
    expect((await operator.budget(owner)).budget).toBeNull();
    await operator.setBudget({ tokens: 10, per: 'day' }, owner);
    expect((await operator.budget(owner)).budget).toEqual({ tokens: 10, per: 'day' });
    expect((await operator.budget()).spent).toEqual({ tokens: 0, cost: 0 });
    expect(await operator.budgets({ prefix: place })).toMatchObject({
      items: [{ user: owner.user, left: { tokens: 10, cost: null } }],
      cursor: '',
    });
    expect(await operator.providers()).toBeInstanceOf(Array);
    expect((await operator.waits()).unknown).toEqual([]);
    expect((await refusal(operator.reopenProvider('nobody'))).code).toBe('provider-unknown');
    expect((await refusal(operator.probeProvider('nobody'))).code).toBe('provider-unknown');
    expect((await operator.replicas()).replicas.length).toBeGreaterThan(0);
    expect(await operator.activity()).toBeTypeOf('object');
    const weave = await operator.weave({ spanMs: 60_000 });
    expect(weave.runs.some((run) => run.agent === 'approval' && run.steps.length > 0)).toBe(true);
    const [agent] = await agents.list({ agent: 'approval' });
    expect(agent).toMatchObject({ agent: 'approval', isHere: true });
    expect(await agents.get('approval', agent!.version)).toMatchObject({
      definition: { id: 'approval' },
    });
    expect(await agents.get('approval')).toMatchObject({ version: agent!.version });
    const { versions } = await agents.versions('approval', { limit: 1 });
    expect(versions).toMatchObject([{ ...agent, openRuns: expect.any(Number) as number }]);
    expect(await agents.draw('approval')).toContain('stateDiagram-v2');
    expect(await agents.chart('approval', { width: 'narrow' })).toMatchObject({
      plan: { root: 'approval' },
    });
    expect(await operator.access()).toMatchObject({ tenant: null });
    expect(await operator.tenants({ open: true })).toBeInstanceOf(Array);
    expect(JSON.parse(await agents.draw('approval', { as: 'sketch' }))).toMatchObject({
      id: 'approval',
    });
    expect(await agents.draw('approval', { version: agent!.version, as: 'outline' })).toContain(
      'invokes ask',
    );
    expect((await operator.audit())['journalGaps']).toBe(0);
  });
});

/** Streams have a test of their own, and ask by POST alone. The others are for a balancer, not for a client. */
const elsewhere = ['GET /v1/stream', 'POST /v1/stream', 'GET /healthz', 'GET /readyz'];

it('has a method for every route', () => {
  const patterns = routes.map(({ method, path }) => ({
    route: `${method} ${path}`,
    pattern: new RegExp(`^${method} ${path.replaceAll(/:[a-zA-Z]+/g, '[^/]+')}$`),
  }));
  const missing = patterns.filter(({ pattern }) => ![...asked].some((one) => pattern.test(one)));
  // A budget of a run is asked as those of a user and of the tenant are.
  const sameWay = /budgets\/(runs|tenant)/;
  expect(missing.map(({ route }) => route).filter((one) => !sameWay.test(one))).toEqual(elsewhere);
});
