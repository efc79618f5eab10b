/** Who may inspect what, and how a connection ends: over real sockets. */
import { afterEach, expect, it } from 'vitest';
import { createToken, revokeToken } from '../../../src/access/tokens.ts';
import { subprotocol, tokenProtocol } from '../../../src/api/inspector/credentials.ts';
import type { InspectOptions } from '../../../src/server.ts';
import { eventually } from '../../support/heddle.ts';
import { testDatabase } from '../../support/postgres.ts';
import { served, type Served } from '../served.ts';
import { master, still, weaver } from './inspected-agents.ts';
import { connected, hasActors, newest, of, received, refused, type Frame } from './receiving.ts';

const databaseUrl = await testDatabase();
const toClose: Served[] = [];
afterEach(async () => {
  for (const one of toClose.splice(0)) await one.close();
});

async function open(inspect: boolean | InspectOptions = true, more: object = {}): Promise<Served> {
  const one = await served(databaseUrl, { inspect, ...more }, { agents: [weaver, master, still] });
  toClose.push(one);
  return one;
}

const tokenOf = async ({ heddle }: Served, name: string, of: object = {}): Promise<string> =>
  createToken(heddle.runtime.store, { name, scopes: ['inspect'], ...of });

it('a filter is required, and what is wrong is said in words', async () => {
  const { url } = await open();
  const wrong: readonly [string, string, RegExp][] = [
    ['', 'inspect-filter-missing', /\?run=ID, \?agent=NAME or \?user=NAME/],
    ['?tenant=a', 'inspect-filter-missing', /run=ID/],
    ['?agent=', 'invalid-field', /^query\.agent /],
    ['?run=7', 'invalid-field', /^query\.run .*is not a run’s id/],
    ['?runs=7', 'invalid-field', /^query\.runs is unknown; known are run, agent, user, /],
    ['?agent=weevil', 'agent-unknown', /weevil/],
    ['?agent=a&agent=b', 'invalid-field', /^query\.agent /],
    ['?agent=a&run=00000000-0000-4000-8000-000000000001', 'invalid-field', /^query\.run /],
    ['?run=00000000-0000-4000-8000-000000000001', 'run-unknown', /0001/],
    ['?agent=weaver&protocol=9', 'invalid-field', /known are 0\.7\.2/],
    ['?agent=weaver&context=true', 'invalid-field', /--inspect-context/],
    ['?agent=weaver&context=yes', 'invalid-field', /^query\.context /],
  ];
  for (const [query, code, words] of wrong) {
    const { closed, frames } = await connected(url, query);
    const end = await closed;
    expect([query, end.code], end.reason).toEqual([query, 1008]);
    expect(end.reason).toContain(code);
    expect(frames.map(({ type }) => type)).toEqual(['@heddle.refused']);
    expect(frames[0], query).toMatchObject({ code });
    expect(frames[0]?.['message'], query).toMatch(words);
  }
});

it('there is none unless the host has said so', async () => {
  const off = await open(false);
  expect((await off.ask('GET', '/inspect')).status).toBe(404);
  expect((await off.ask('GET', '/v1/access')).body.inspector).toBe(false);
  await expect(connected(off.url, '?agent=weaver')).rejects.toThrow(/404/);
  const on = await open();
  expect((await on.ask('GET', '/v1/access')).body.inspector).toBe(true);
  const page = await on.ask('GET', '/inspect');
  expect(page.status).toBe(200);
  expect(page.headers.get('content-security-policy')).toMatch(
    /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self' ws:\/\/127\.0\.0\.1:\d+ wss:\S+; frame-src https:\/\/stately\.ai /,
  );
  expect(page.body).toMatch(/needs the internet/);
});

it('pages of other sites are not let in', async () => {
  const { url } = await open({ origins: ['https://ops.example'] });
  const host = new URL(url).host;
  for (const origin of [
    'https://evil.example',
    'https://stately.ai.evil.example',
    'https://evilstately.ai',
    'http://stately.ai',
    'https://ops.example.evil',
    'https://ops.example:8443',
    'null',
    'file://',
  ]) {
    const { status, code } = await refused(url, '?agent=weaver', { origin });
    expect([origin, status, code]).toEqual([origin, 403, 'origin-refused']);
  }
  for (const origin of [
    'https://stately.ai',
    'https://editor.stately.ai',
    'http://localhost:5173',
    'https://ops.example',
    `http://${host}`,
  ]) {
    const { frames } = await connected(url, '?agent=weaver', { origin });
    await eventually(async () => expect(frames[0]?.type).toBe('@heddle.open'));
  }
  // A name that was made to lead here (DNS rebinding), and a proxy that lends the socket to strangers.
  const rebound = { origin: 'http://evil.example', headers: { host: 'evil.example' } };
  expect(await refused(url, '?agent=weaver', rebound)).toMatchObject({ code: 'host-refused' });
  const lent = { headers: { 'x-forwarded-for': '10.0.0.1' } };
  expect(await refused(url, '?agent=weaver', lent)).toMatchObject({ code: 'token-missing' });
});

it('a token needs the scope, and may come as a header, a password or a subprotocol', async () => {
  const one = await open(true, { tokensAlways: true, token: 'the-first-token-of-all' });
  const { url } = one;
  const token = await tokenOf(one, 'looks');
  const reader = await tokenOf(one, 'reads', { scopes: ['read', 'run'] });
  const bearer = (given: string) => ({ headers: { authorization: `Bearer ${given}` } });
  expect(await refused(url, '?agent=weaver')).toMatchObject({ status: 401, code: 'token-missing' });
  expect(await refused(url, '?agent=weaver', bearer('x'))).toMatchObject({ code: 'token-refused' });
  expect(await refused(url, '?agent=weaver', bearer(reader))).toMatchObject({
    status: 403,
    code: 'scope-missing',
  });
  const inBase64 = Buffer.from(token).toString('base64url');
  const ways = [
    await connected(url, '?agent=weaver', bearer(token)),
    await connected(url, '?agent=weaver', {
      origin: 'https://stately.ai',
      protocols: [subprotocol, tokenProtocol + inBase64],
    }),
    received(url.replace('//', `//token:${token}@`), '?agent=weaver'),
  ];
  for (const { frames } of ways) {
    await eventually(async () => expect(frames[0]?.type).toBe('@heddle.open'));
  }
  const wrong = { protocols: [subprotocol, `${tokenProtocol}${inBase64}x`] };
  expect(await refused(url, '?agent=weaver', wrong)).toMatchObject({ code: 'token-refused' });
});

it('a token of one tenant sees no run of another', async () => {
  const one = await open();
  const theirs = await one.heddle.start('weaver', { tenant: 'theirs', user: 'ann' });
  const own = await one.heddle.start('weaver', { tenant: 'own', user: 'ann' });
  const token = await tokenOf(one, 'bound', { tenant: 'own' });
  const headers = { authorization: `Bearer ${token}` };
  const named = await connected(one.url, '?user=ann&tenant=theirs', { headers });
  expect((await named.closed).reason).toMatch(/^tenant-refused/);
  const byId = await connected(one.url, `?run=${theirs.id}`, { headers });
  expect((await byId.closed).reason).toMatch(/^run-unknown/);
  const got = await connected(one.url, '?user=ann', { headers });
  await hasActors(got, 1);
  await theirs.send({ type: 'GO' });
  await theirs.output();
  await own.send({ type: 'GO' });
  await own.output();
  await eventually(async () => expect(newest(got, own.id)?.status).toBe('done'));
  expect(JSON.stringify([named.frames, byId.frames, got.frames])).not.toMatch(/xstate.*theirs/);
  expect(of(got, '@xstate.actor').map(({ sessionId }) => sessionId)).toEqual([own.id]);
});

it('a token that is revoked ends what it has opened', async () => {
  const one = await open();
  const token = await tokenOf(one, 'brief');
  const headers = { authorization: `Bearer ${token}` };
  const { closed, frames } = await connected(one.url, '?agent=weaver', { headers });
  await eventually(async () => expect(frames).not.toEqual([]));
  await revokeToken(one.heddle.runtime.store, 'brief');
  const { code, reason } = await closed;
  expect([code, reason.split(':')[0]]).toEqual([1008, 'token-refused']);
  expect(frames.at(-1)).toMatchObject({ type: '@heddle.refused', code: 'token-refused' });
  expect(await refused(one.url, '?agent=weaver', { headers })).toMatchObject({ status: 401 });
});

const input = { secret: 'the code is 1234' };

async function inspectedRun(inspect: InspectOptions, query: string): Promise<readonly Frame[]> {
  const { heddle, url } = await open(inspect);
  const tenant = crypto.randomUUID();
  const run = await heddle.start('weaver', { tenant, input });
  const got = received(url, `?agent=weaver&tenant=${tenant}${query}`);
  await hasActors(got, 1);
  await run.send({ type: 'TICK', password: 'swordfish', lines: [{ apiKey: 'k-2', kept: 1 }] });
  await eventually(async () => expect(of(got, '@xstate.event')).toHaveLength(1));
  await run.send({ type: 'GO' });
  await run.output();
  await eventually(async () => expect(newest(got, run.id)?.status).toBe('done'));
  await heddle.close();
  return got.frames;
}

it('what runs hold is not sent unless host and client ask for it', async () => {
  for (const [inspect, query] of [
    [{}, ''],
    [{ context: true }, ''],
    [{ context: true }, '&context=false'],
  ] as const) {
    const text = JSON.stringify(await inspectedRun(inspect, query));
    expect(text).not.toMatch(/1234|swordfish|k-1|k-2|"context":\{/);
  }
  const frames = await inspectedRun({ context: true }, '&context=true');
  const [actor] = of({ frames }, '@xstate.actor');
  expect(actor?.snapshot.context).toEqual({
    secret: input.secret,
    nested: { apiKey: 'k-1' },
    n: 0,
  });
  const [tick] = of({ frames }, '@xstate.event');
  const fields = { password: 'swordfish', lines: [{ apiKey: 'k-2', kept: 1 }] };
  expect(tick?.event).toEqual({ type: 'TICK', ...fields });
  const last = of({ frames }, '@xstate.snapshot').at(-1);
  expect(last?.snapshot).toMatchObject({ output: { secret: input.secret }, context: { n: 1 } });
});

it('a host’s list of names takes them out of everything, at any depth', async () => {
  const redact = ['secret', 'APIKEY', 'password'];
  const frames = await inspectedRun({ context: true, redact }, '&context=true');
  expect(JSON.stringify(frames)).not.toMatch(/1234|swordfish|k-1|k-2/);
  const [tick] = of({ frames }, '@xstate.event');
  const lines = [{ apiKey: '[redacted]', kept: 1 }];
  expect(tick?.event).toEqual({ type: 'TICK', password: '[redacted]', lines });
  const last = of({ frames }, '@xstate.snapshot').at(-1);
  expect(last?.snapshot).toMatchObject({
    output: { secret: '[redacted]' },
    context: { secret: '[redacted]', nested: { apiKey: '[redacted]' }, n: 1 },
  });
});

it('a host’s function says what may be sent, and one that fails lets nothing through', async () => {
  const seen: unknown[] = [];
  const frames = await inspectedRun(
    {
      context: true,
      redact: (value, { kind, agent }) => {
        seen.push([kind, agent]);
        return kind === 'context' ? { n: (value as { n: number }).n } : undefined;
      },
    },
    '&context=true',
  );
  expect(JSON.stringify(frames)).not.toMatch(/1234|swordfish|k-1|k-2/);
  expect(of({ frames }, '@xstate.snapshot').at(-1)?.snapshot.context).toEqual({ n: 1 });
  expect(seen).toContainEqual(['event', 'weaver']);
  for (const redact of [
    () => {
      throw new Error('torn');
    },
    () => Promise.reject(new Error('torn')),
    (value: unknown) => JSON.parse((value as { secret: string }).secret) as unknown,
    (value: unknown) => {
      (value as { secret: string }).secret = 'changed';
      return { loop: BigInt(1) };
    },
  ]) {
    const text = JSON.stringify(await inspectedRun({ context: true, redact }, '&context=true'));
    expect(text).not.toMatch(/1234|swordfish|k-1|k-2/);
    expect(text).toContain('[left out: redact');
  }
});

it('a server that closes says so, and the next one is as the one before', async () => {
  const first = await open();
  const run = await first.heddle.start('weaver', { tenant: 'restart' });
  const got = await connected(first.url, '?agent=weaver&tenant=restart');
  await hasActors(got, 1);
  toClose.splice(0);
  await first.close();
  expect(await got.closed).toMatchObject({ code: 1001 });
  expect(got.frames.at(-1)).toEqual({ type: '@heddle.end', reason: 'stop', resume: true });
  const second = await open(true, { port: Number(new URL(first.url).port) });
  const again = await connected(second.url, '?agent=weaver&tenant=restart');
  await hasActors(again, 1);
  expect(of(again, '@xstate.actor')[0]).toEqual(of(got, '@xstate.actor')[0]);
  await second.heddle.run(run.id, { tenant: 'restart' }).then((same) => same.cancel());
});

it('runs that another replica owns are told as they go', { timeout: 60_000 }, async () => {
  const [a, b] = [await open(), await open()];
  await eventually(async () => {
    const held = [a, b].map(({ heddle }) => heddle.runtime.stats().shards);
    expect(held).toEqual([16, 16]);
  });
  const starts = Array.from({ length: 12 }, () => ({ agent: 'weaver', tenant: 'both' }));
  const runs = await a.heddle.startAll(starts);
  const got = [
    received(a.url, '?agent=weaver&tenant=both'),
    received(b.url, '?agent=weaver&tenant=both'),
  ];
  for (const one of got) await hasActors(one, 12);
  // Each replica owns about half of them.
  for (const run of runs) await run.send({ type: 'TICK' });
  for (const run of runs) await run.send({ type: 'GO' });
  for (const one of got) {
    await eventually(async () => {
      for (const { id } of runs) expect(newest(one, id)?.status).toBe('done');
    });
    for (const { id } of runs) {
      expect(of(one, '@xstate.event', id).at(-1)?.event).toEqual({ type: 'GO' });
    }
  }
});

it('a host is told which option is wrong', async () => {
  for (const [inspect, field] of [
    [{ contexts: true }, 'serve.inspect.contexts'],
    [{ context: 'yes' }, 'serve.inspect.context'],
    [{ redact: 'secret' }, 'serve.inspect.redact'],
    [{ redact: [7] }, 'serve.inspect.redact[0]'],
    [{ origins: ['ops.example'] }, 'serve.inspect.origins[0]'],
    ['yes', 'serve.inspect'],
  ] as const) {
    await expect(open(inspect as never), field).rejects.toMatchObject({
      code: 'invalid-field',
      detail: { field },
    });
  }
});

it('the context that a chart begins with is sent as every other context is', async () => {
  const { heddle, url } = await open({ context: true, redact: ['pin'] });
  const run = await heddle.start('still', { tenant: 'still' });
  const plain = received(url, '?agent=still&tenant=still');
  const shown = received(url, '?agent=still&tenant=still&context=true');
  for (const got of [plain, shown]) await hasActors(got, 1);
  const chart = (got: { readonly frames: readonly Frame[] }): unknown =>
    JSON.parse(of(got, '@xstate.actor')[0]?.definition ?? '');
  const states = { id: 'still', initial: 'on', states: { on: {} } };
  expect(chart(plain)).toEqual(states);
  expect(JSON.stringify(plain.frames)).not.toMatch(/4711|kept/);
  expect(chart(shown)).toEqual({ ...states, context: { pin: '[redacted]', note: 'kept' } });
  expect(JSON.stringify(shown.frames)).not.toContain('4711');
  await run.cancel();
});

it('a replica takes 50 inspectors, and says so to the next one', async () => {
  const { url } = await open();
  for (let n = 0; n < 50; n++) await connected(url, '?agent=weaver');
  const { closed } = await connected(url, '?agent=weaver');
  const { code, reason } = await closed;
  expect(code).toBe(1013);
  expect(reason).toMatch(/^streams-full: This replica serves 50 streams to inspectors, and takes /);
});
