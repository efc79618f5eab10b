/** Lists of runs over HTTP and the client: tags, filters, pages, counts, and what is refused. */
import { expect, it } from 'vitest';
import { createClient, type RunsQuery } from '../../src/client/index.ts';
import { stubProvider } from '../../src/heddle.ts';
import { eventually } from '../support/heddle.ts';
import { testDatabase } from '../support/postgres.ts';
import { served } from './served.ts';

const url = await testDatabase();
const a = await served(url);
const client = createClient({ url: a.url, tenant: 'lists' });

const asks = { agent: 'approval', input: { request: 'a new loom' } };
const ends = { agent: 'script', input: { steps: [] } };
const torn = { agent: 'torn' };

const started: Record<string, string> = {};
async function start(name: string, options: object): Promise<void> {
  const { body, status } = await a.ask('POST', '/v1/runs?tenant=lists', options);
  expect(status).toBe(202);
  started[name] = body.id;
}

it('runs are found by each filter, over HTTP and the client', async () => {
  await start('one', { ...asks, user: 'ann', pipeline: 'p', tags: ['red', 'urgent', 'red'] });
  await start('two', { ...ends, user: 'bob', pipeline: 'p', tags: ['red'] });
  await start('three', { ...torn, user: 'bob' });
  await start('four', { ...ends, user: 'ann' });
  await eventually(async () => {
    const { by } = await client.runs.facets();
    expect(by.status).toEqual({ completed: 2, failed: 1, 'waiting-on-person': 1 });
  });
  const names = Object.fromEntries(Object.entries(started).map(([name, id]) => [id, name]));
  const found = async (query: string) => {
    const { body, status } = await a.ask('GET', `/v1/runs?tenant=lists&${query}`);
    expect(status, query).toBe(200);
    return body.runs.map(({ id }: { id: string }) => names[id]);
  };
  const [failed] = (await client.runs.list({ status: ['failed'] })).items;
  expect(failed).toMatchObject({ id: started['three'], tags: [], code: expect.any(String) });
  const one = await client.runs.get(started['one'] ?? '');
  expect(one).toMatchObject({ tags: ['red', 'urgent'], code: null });
  const { createdAtMs } = await client.runs.get(started['three'] ?? '');
  expect(await found('')).toEqual(['four', 'three', 'two', 'one']);
  expect(await found('order=oldest&limit=2')).toEqual(['one', 'two']);
  expect(await found('status=waiting-on-person,failed')).toEqual(['three', 'one']);
  expect(await found('agent=script')).toEqual(['four', 'two']);
  expect(await found('user=bob')).toEqual(['three', 'two']);
  expect(await found('user=bob&agent=script')).toEqual(['two']);
  expect(await found('pipeline=p')).toEqual(['two', 'one']);
  expect(await found(`code=${failed?.code}`)).toEqual(['three']);
  expect(await found('tag=red')).toEqual(['two', 'one']);
  expect(await found('tag=red,urgent')).toEqual(['one']);
  expect(await found(`idPrefix=${started['two']?.toUpperCase()}`)).toEqual(['two']);
  expect(await found(`idPrefix=${started['two']?.slice(0, 8)}`)).toContain('two');
  expect(await found('idPrefix=')).toHaveLength(4);
  expect(await found(`parent=${started['one']}`)).toEqual([]);
  expect(await found(`startedBelowMs=${createdAtMs - 60_000}`)).toEqual([]);
  expect(await found(`startedFromMs=${createdAtMs - 60_000}`)).toHaveLength(4);
  expect(await found(`endedFromMs=${createdAtMs - 60_000}&agent=script`)).toEqual(['four', 'two']);
  expect(await found('tag=blue')).toEqual([]);
  const all = [];
  for await (const run of client.runs.listAll({ limit: 1, endedFromMs: 0 })) all.push(run.id);
  expect(all).toHaveLength(3);
  expect(await client.runs.facets({ user: 'bob' })).toMatchObject({
    isWhole: true,
    total: 2,
    by: { agent: { script: 1, torn: 1 }, user: { bob: 2 } },
  });
});

it('runs are found by the phase of their calls, page by page, also where another replica owns them', async () => {
  const slow = stubProvider({ name: 'p', ceiling: 4, latencyMs: 600_000 });
  const own = await testDatabase();
  const owner = await served(own, {}, { providers: [slow] });
  const other = await served(own, {}, { providers: [slow], agents: [], replica: false });
  const calls = { steps: [{ do: 'generate', with: { prompt: 'why?' } }] };
  await owner.heddle.startAll(
    Array.from({ length: 10 }, () => ({ agent: 'script', input: calls, user: 'ann' })),
  );
  await owner.heddle.start('approval', { input: { request: 'a loom' } });
  for (const { url: at } of [owner, other]) {
    const { runs } = createClient({ url: at });
    const found = async (query: RunsQuery): Promise<string[]> => {
      const ids: string[] = [];
      for await (const { id, call } of runs.listAll(query)) {
        expect(call?.phase).toBe(query.phase);
        ids.push(id);
      }
      return ids;
    };
    await eventually(async () => {
      const counts = [];
      for (const phase of ['in-slot', 'waits-for-slot', 'answered'] as const)
        counts.push((await found({ phase })).length);
      expect(counts).toEqual([4, 6, 0]);
    });
    const whole = await found({ phase: 'waits-for-slot' });
    expect(whole).toEqual(whole.toSorted().toReversed());
    for (const limit of [1, 4, 6])
      expect(await found({ phase: 'waits-for-slot', limit })).toEqual(whole);
    const oldest = await found({ phase: 'waits-for-slot', order: 'oldest', limit: 4 });
    expect(oldest).toEqual(whole.toReversed());
    const none = { user: 'bob', phase: 'in-slot' } as const;
    expect(await found(none)).toEqual([]);
    for (const query of [{ status: ['completed'] }, { endedFromMs: 0 }] as const)
      expect(await found({ ...query, phase: 'in-slot' })).toEqual([]);
  }
  const refused = await owner.ask('GET', '/v1/runs?phase=slot');
  expect([refused.status, refused.body.errors[0].field]).toEqual([400, 'query.phase']);
  expect((await owner.ask('GET', '/v1/runs/facets?phase=in-slot')).status).toBe(400);
});

it('a run started in the process has tags too, and a caller of another tenant sees none of them', async () => {
  const run = await a.heddle.start('script', { input: { steps: [] }, tags: ['mine'] });
  const { runs } = await a.heddle.listing.runs({ tags: ['mine'] });
  expect(runs.map(({ runId, tags }) => [runId, tags])).toEqual([[run.id, ['mine']]]);
  expect((await a.heddle.listing.runs({ tags: ['mine'], tenant: 'lists' })).runs).toEqual([]);
  expect((await run.row()).tags).toEqual(['mine']);
});

it('a wrong tag, filter or cursor is refused by its field, and starts nothing', async () => {
  const problem = async (method: string, path: string, body?: unknown) => {
    const { status, body: said } = await a.ask(method, path, body);
    return [status, said.code, said.detail.split(' ')[0]];
  };
  const started = async (tags: unknown) =>
    problem('POST', '/v1/runs?tenant=bad', { ...ends, tags });
  expect(await started('red')).toEqual([400, 'invalid-field', 'body.tags']);
  expect(await started([7])).toEqual([400, 'invalid-field', 'body.tags.0']);
  expect(await started([''])).toEqual([400, 'invalid-field', 'body.tags.0']);
  expect(await started(['x'.repeat(65)])).toEqual([400, 'invalid-field', 'body.tags.0']);
  expect(await started(Array.from({ length: 17 }, (_, i) => `t${i}`))).toEqual([
    400,
    'invalid-field',
    'body.tags',
  ]);
  expect((await started(['a,b'])).slice(0, 2)).toEqual([400, 'invalid-field']);
  expect((await started(['a\nb'])).slice(0, 2)).toEqual([400, 'invalid-field']);
  expect((await a.ask('GET', '/v1/runs?tenant=bad')).body.runs).toEqual([]);
  for (const query of [
    'status=ended',
    'status=',
    'user=',
    'parent=7',
    'tag=',
    'tag=a,,b',
    'idPrefix=xyz',
    'idPrefix=0123456789012345678901234567890123456789',
    'startedFromMs=-1',
    'startedFromMs=soon',
    'endedBelowMs=9007199254740991',
    'order=best',
    'limit=0',
    'cursor=abc',
    'cursor=MTphYmM',
  ]) {
    const [status, code, field] = await problem('GET', `/v1/runs?${query}`);
    expect([status, code], query).toEqual([400, 'invalid-field']);
    expect(String(field), query).toContain(query.split('=')[0] ?? '');
  }
  await expect(a.heddle.start('script', { tags: 'red' as never })).rejects.toMatchObject({
    detail: { field: 'start.tags' },
  });
  await expect(a.heddle.start('script', { tags: ['ok', null as never] })).rejects.toMatchObject({
    detail: { field: 'start.tags[1]' },
  });
  await expect(a.heddle.listing.runs({ code: 7 as never })).rejects.toMatchObject({
    detail: { field: 'list.code' },
  });
  await expect(a.heddle.listing.count({ limit: 7 } as never)).rejects.toMatchObject({
    detail: { field: 'count.limit' },
  });
});
