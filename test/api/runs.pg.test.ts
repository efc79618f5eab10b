/** Runs over HTTP, from their start to their end, on two replicas of one database. */
import { expect, it } from 'vitest';
import { eventually } from '../support/heddle.ts';
import { testDatabase } from '../support/postgres.ts';
import { served } from './served.ts';

const url = await testDatabase();
const [a, b] = [await served(url), await served(url)];

const asks = { agent: 'approval', input: { request: 'a new loom' } };
const ends = { agent: 'script', input: { steps: [] } };

it('a run that is started here is asked, answered and waited for there', async () => {
  const started = await a.ask('POST', '/v1/runs', { ...asks, user: 'ann', pipeline: 'looms' });
  expect(started.status).toBe(202);
  const { id } = started.body as { id: string };
  expect(started.headers.get('location')).toBe(`/v1/runs/${id}`);
  const waiting = b.ask('GET', `/v1/runs/${id}/output`);
  let askId = '';
  await eventually(async () => {
    const { body } = await b.ask('GET', '/v1/questions');
    const question = body.questions.find(({ runId }: { runId: string }) => runId === id);
    expect(question.question).toContain('a new loom');
    askId = question.askId;
  });
  const run = await b.ask('GET', `/v1/runs/${id}`);
  expect(run.body).toMatchObject({
    id,
    agent: 'approval',
    user: 'ann',
    pipeline: 'looms',
    status: 'waiting-on-person',
    state: 'asking',
    input: { request: 'a new loom' },
  });
  expect(run.body.waitsFor).toContain('waits for a person');
  const why = await b.ask('GET', `/v1/runs/${id}/why`);
  expect(why.body).toMatchObject({ runId: id, status: 'waiting-on-person' });
  expect(why.body.words).toContain('a new loom');
  const unfit = await b.ask('POST', `/v1/runs/${id}/answers`, { askId, answer: { approved: 1 } });
  expect(unfit).toMatchObject({ status: 400, body: { code: 'answer-invalid' } });
  const answer = { askId, answer: { approved: true } };
  expect(await b.ask('POST', `/v1/runs/${id}/answers`, answer)).toMatchObject({ status: 202 });
  expect(await waiting).toMatchObject({
    status: 200,
    body: { id, status: 'completed', output: { approved: true, note: '' } },
  });
  const again = await a.ask('POST', `/v1/runs/${id}/answers`, answer);
  expect([404, 409]).toContain(again.status);
  const { body } = await a.ask('GET', `/v1/runs/${id}/journal?limit=1`);
  expect(body.turns).toHaveLength(1);
  const rest = await a.ask('GET', `/v1/runs/${id}/journal?after=1`);
  expect(JSON.stringify(rest.body.turns)).toContain('"approved":true');
  const entries = rest.body.turns.flatMap((one: { entries: unknown[] }) => one.entries);
  expect(entries).toContainEqual(expect.objectContaining({ kind: 'done', by: 'loopback' }));
});

it('what a run came to is an answer, never a fault: completed, failed, cancelled', async () => {
  const outcome = async (start: object, then?: (id: string) => Promise<unknown>) => {
    const { body } = await a.ask('POST', '/v1/runs', start);
    await then?.(body.id);
    const { status, body: came } = await b.ask('GET', `/v1/runs/${body.id}/output`);
    return { status, came };
  };
  expect(await outcome(ends)).toMatchObject({ status: 200, came: { status: 'completed' } });
  const failing = { agent: 'torn' };
  expect(await outcome(failing)).toMatchObject({
    status: 200,
    came: { status: 'failed', error: { message: expect.stringContaining('torn') as string } },
  });
  const cancelled = await outcome(asks, (id) =>
    a.ask('POST', `/v1/runs/${id}/cancel`, { reason: 'no more wool' }),
  );
  expect(cancelled).toMatchObject({ status: 200, came: { status: 'cancelled' } });
  expect(cancelled.came.error.message).toContain('no more wool');
});

it('a wait for a run that goes on ends with 202, its status, and when to ask again', async () => {
  const { body } = await a.ask('POST', '/v1/runs', asks);
  const waited = await b.ask('GET', `/v1/runs/${body.id}/output?waitMs=50`);
  expect(waited).toMatchObject({ status: 202, body: { id: body.id } });
  expect(waited.headers.get('retry-after')).toBe('0');
  const { status } = await b.ask('GET', `/v1/runs/${body.id}/output?waitMs=25001`);
  expect(status).toBe(400);
});

it('several are started together, or none is', async () => {
  const many = { starts: [ends, { ...asks, user: 'bob' }] };
  const { status, body } = await a.ask('POST', '/v1/runs/batch?tenant=batches', many);
  expect(status).toBe(202);
  expect(body.runs).toHaveLength(2);
  const wrong = { starts: [ends, { agent: 'nobody' }] };
  const refused = await a.ask('POST', '/v1/runs/batch?tenant=none', wrong);
  expect(refused).toMatchObject({ status: 404, body: { code: 'agent-unknown' } });
  expect((await a.ask('GET', '/v1/runs?tenant=none')).body.runs).toEqual([]);
});

it('runs are listed in pages, newest first, until the cursor is empty', async () => {
  const starts = Array.from({ length: 5 }, () => ({ ...ends, pipeline: 'p' }));
  const { body } = await a.ask('POST', '/v1/runs/batch?tenant=pages', { starts });
  const ids: string[] = body.runs.map(({ id }: { id: string }) => id);
  const seen: string[] = [];
  let cursor = '';
  do {
    const page = await b.ask('GET', `/v1/runs?tenant=pages&limit=2&cursor=${cursor}`);
    expect(page.status).toBe(200);
    seen.push(...page.body.runs.map(({ id }: { id: string }) => id));
    cursor = page.body.cursor;
  } while (cursor !== '');
  expect(seen).toEqual(ids.toReversed());
  const none = await b.ask('GET', '/v1/runs?tenant=pages&agent=approval');
  expect(none.body).toEqual({ runs: [], cursor: '' });
});

it('events, pauses and resumes reach a run of another replica', async () => {
  const { body } = await a.ask('POST', '/v1/runs', asks);
  const status = async () => (await b.ask('GET', `/v1/runs/${body.id}`)).body.status;
  const is = (wanted: string) => eventually(async () => expect(await status()).toBe(wanted));
  await is('waiting-on-person');
  expect((await b.ask('POST', `/v1/runs/${body.id}/pause`, { reason: 'tea' })).status).toBe(202);
  await is('paused');
  expect((await a.ask('POST', `/v1/runs/${body.id}/resume`)).status).toBe(202);
  await is('waiting-on-person');
  const sent = await a.ask('POST', `/v1/runs/${body.id}/events`, { type: 'hurry', by: 'ann' });
  expect(sent.status).toBe(202);
  await eventually(async () => {
    const journal = await b.ask('GET', `/v1/runs/${body.id}/journal`);
    expect(JSON.stringify(journal.body)).toContain('hurry');
  });
});

it('promise 11: what is wrong is named by its field', async () => {
  const unknown = '01a228d2-d56b-735d-ba54-b1ab9c5db2ae';
  const problem = async (...given: Parameters<typeof a.ask>) => {
    const { status, headers, body } = await a.ask(...given);
    expect(headers.get('content-type')).toContain('application/problem+json');
    return [status, body.code, body.errors?.[0]?.field];
  };
  expect(await problem('POST', '/v1/runs', {})).toEqual([400, 'invalid-field', 'body.agent']);
  expect(await problem('POST', '/v1/runs', { ...ends, inputs: 1 })).toEqual([
    400,
    'invalid-field',
    'body',
  ]);
  expect(await problem('GET', '/v1/runs?status=done')).toEqual([
    400,
    'invalid-field',
    'query.status.0',
  ]);
  expect(await problem('GET', '/v1/runs?nope=1')).toEqual([400, 'invalid-field', 'query']);
  expect(await problem('GET', '/v1/runs?cursor=abc')).toEqual([
    400,
    'invalid-field',
    'query.cursor',
  ]);
  expect(await problem('GET', `/v1/runs/${unknown}`)).toEqual([404, 'run-unknown', undefined]);
  expect(await problem('GET', '/v1/runs/x')).toEqual([400, 'invalid-field', 'params.runId']);
  expect(await problem('POST', `/v1/runs/${unknown}/cancel`)).toEqual([
    404,
    'run-unknown',
    undefined,
  ]);
  expect(await problem('GET', '/v1/nothing')).toEqual([404, 'route-unknown', undefined]);
  const text = { 'content-type': 'text/plain' };
  expect(await problem('POST', '/v1/runs', {}, text)).toEqual([
    415,
    'media-type-refused',
    undefined,
  ]);
  const large = { ...ends, input: 'x'.repeat(1_100_000) };
  expect(await problem('POST', '/v1/runs', large)).toEqual([
    413,
    'payload-too-large',
    'body.input',
  ]);
  const larger = { ...ends, input: 'x'.repeat(5_000_000) };
  expect(await problem('POST', '/v1/runs', larger)).toEqual([413, 'payload-too-large', 'body']);
});
