/** Streams through the whole server: its routes, its tokens, its stop. */
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createToken, revokeToken } from '../../../src/access/tokens.ts';
import { eventually } from '../../support/heddle.ts';
import { testDatabase } from '../../support/postgres.ts';
import type { ScriptStep } from '../../support/script-agent.ts';
import { served } from '../served.ts';
import { connect, follow } from './following.ts';

const url = await testDatabase();
const steps: ScriptStep[] = [{ do: 'wait' }, { do: 'wait' }];
const firstToken = 'the-first-token-of-all';
const closed = await served(url, { tokensAlways: true, token: firstToken });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

it('a revoked token’s stream ends within five seconds, and shows nothing more', async () => {
  const { store } = closed.heddle.runtime;
  const request = { name: 'follows', scopes: ['read', 'inspect'] as const, tenant: 'acme' };
  const token = await createToken(store, request);
  const run = await closed.heddle.start('script', { input: { steps }, tenant: 'acme' });
  const asked = {
    topics: [{ kind: 'run', runId: run.id }],
    tenant: 'acme',
    headers: bearer(token),
  };
  const stream = await connect(closed.url, asked);
  expect(stream.status).toBe(200);
  await stream.until(({ event }) => event === 'turn');
  await revokeToken(store, 'follows');
  const sinceMs = performance.now();
  const { data } = await stream.until(({ event }) => event === 'end');
  expect(data).toEqual({ reason: 'token-refused', resume: false });
  expect(performance.now() - sinceMs).toBeLessThan(5_500);
  await stream.ended;
  expect((await connect(closed.url, asked)).status).toBe(401);
});

it('a token of one tenant follows nothing of another, in whatever topic', async () => {
  const { store } = closed.heddle.runtime;
  const token = await createToken(store, { name: 'bound', scopes: ['admin'], tenant: 'acme' });
  const run = await closed.heddle.start('script', { input: { steps }, tenant: 'other' });
  const headers = bearer(token);
  const at = (topics: readonly unknown[], tenant?: string) =>
    connect(closed.url, { topics, headers, ...(tenant === undefined ? {} : { tenant }) });
  expect((await at([{ kind: 'runs' }], 'other')).status).toBe(403);
  expect((await at([{ kind: 'run', runId: run.id }], 'acme')).status).toBe(404);
  const stream = await at([{ kind: 'runs' }, { kind: 'activity' }], 'acme');
  await stream.until(({ event, data }) => event === 'reset' && data['topic'] === 1);
  await run.send({ type: 'go' });
  await setTimeout(1_000);
  expect(JSON.stringify(stream.heard)).not.toContain(run.id);
  stream.close();
});

it('a token of one tenant sees no gates in activity, as it may not follow providers', async () => {
  const { store } = closed.heddle.runtime;
  const input = { steps: [{ do: 'generate', with: { prompt: 'why?' } }] };
  const run = await closed.heddle.start('script', { input, tenant: 'acme' });
  await run.output();
  for (const tenant of [null, 'acme']) {
    const name = `activity-${tenant}`;
    const token = await createToken(store, {
      name,
      scopes: ['read'],
      ...(tenant === null ? {} : { tenant }),
    });
    const given = { headers: bearer(token), tenant: 'acme' };
    const topics = [{ kind: 'activity' }];
    const stream = await connect(closed.url, { topics, ...given });
    const { data } = await stream.until(({ event }) => event === 'reset');
    expect('gates' in data).toBe(tenant === null);
    if (tenant !== null) await setTimeout(2_000);
    await eventually(async () => {
      expect(JSON.stringify(stream.heard).includes('"gate"')).toBe(tenant === null);
    });
    stream.close();
    const providers = await connect(closed.url, { topics: [{ kind: 'providers' }], ...given });
    expect(providers.status).toBe(tenant === null ? 200 : 403);
    providers.close();
  }
});

it('who may not inspect runs gets their turns without what they took, and no text', async () => {
  const { store } = closed.heddle.runtime;
  const token = await createToken(store, { name: 'reads', scopes: ['read'] });
  const run = await closed.heddle.start('script', { input: { steps, planted: 'secret' } });
  const headers = bearer(token);
  const topic = { kind: 'run', runId: run.id };
  const stream = await connect(closed.url, { topics: [topic], headers });
  await stream.until(({ event }) => event === 'turn');
  expect(JSON.stringify(stream.heard)).not.toContain('secret');
  expect(stream.heard[0]?.data['topics']).toMatchObject([{ entries: false }]);
  stream.close();
  const text = await connect(closed.url, { topics: [{ ...topic, text: true }], headers });
  expect(text.status).toBe(403);
});

it('wrong topics are refused by field, and nobody but a replica gets word of others', async () => {
  const headers = bearer(firstToken);
  const post = (body: unknown) => closed.ask('POST', '/v1/stream', body, headers);
  for (const topics of [
    [],
    [{ kind: 'x' }],
    [{ kind: 'run', runId: 'x' }],
    [{ kind: 'runs', x: 1 }],
    [{ kind: 'channel', channel: 'a\u0000b' }],
    [{ kind: 'channel', channel: '\uD800' }],
    [{ kind: 'runs', filter: { user: '\u0000' } }],
  ]) {
    expect(await post({ topics })).toMatchObject({ status: 400, body: { code: 'invalid-field' } });
  }
  for (const query of [
    '',
    '?run=x',
    '?channel=',
    '?channel=%00',
    '?runs=maybe',
    '?runs=true&status=none',
  ]) {
    const reply = await closed.ask('GET', `/v1/stream${query}`, undefined, headers);
    expect([query, reply.status]).toEqual([query, 400]);
  }
  expect((await closed.ask('GET', '/v1/relay', undefined, headers)).status).toBe(403);
  const change = { add: [{ kind: 'runs' }], remove: [] };
  expect((await closed.ask('POST', '/v1/relay/x', change, headers)).status).toBe(403);
  // Before its body is looked at.
  expect((await closed.ask('POST', '/v1/relay/x', { add: 1 }, headers)).status).toBe(403);
  expect((await closed.ask('POST', '/v1/relay/runs', { add: 1 }, headers)).status).toBe(403);
});

it('a server that stops lets its clients go on at another, and does not wait for them', async () => {
  const open = await served(url, { tokensAlways: true, token: firstToken });
  const run = await closed.heddle.start('script', { input: { steps } });
  const urls = [open.url, closed.url];
  const headers = bearer(firstToken);
  const topics = [{ kind: 'run', runId: run.id }];
  const following = follow(() => urls[0]!, { topics, headers });
  await setTimeout(1_000);
  urls.shift();
  const sinceMs = performance.now();
  await open.close();
  expect(performance.now() - sinceMs).toBeLessThan(15_000);
  await run.send({ type: 'go' });
  await run.send({ type: 'go' });
  await following.ended;
  await eventually(async () => {
    const turns = following.heard.flatMap(({ event, data }) =>
      event === 'turn' ? [data['turn']] : [],
    );
    const { turn } = await run.row();
    expect(turns).toEqual(Array.from({ length: turn }, (_, i) => i + 1));
  });
  expect(following.heard.map(({ event }) => event)).toContain('closing');
});
