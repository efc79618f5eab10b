/** heddle inside an application's own Fastify: with its routes, hooks, documents, limits and handlers. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance } from 'fastify';
import { afterAll, expect, it } from 'vitest';
import { createClient, type Client } from '../../src/client/index.ts';
import { stubProvider, type Heddle } from '../../src/index.ts';
import { newNonce, proofHeader, proofOf } from '../../src/library/relay/proof.ts';
import { heddlePlugin, serve } from '../../src/server.ts';
import { eventually, openHeddle } from '../support/heddle.ts';
import { testDatabase } from '../support/postgres.ts';
import { script } from '../support/script-agent.ts';
import { asking } from './served.ts';

const { heddle } = await openHeddle(await testDatabase(), { agents: [script] });
const apps: FastifyInstance[] = [];
afterAll(async () => {
  for (const app of apps) await app.close();
  await heddle.close();
});

it('what is no heddle, or is closed, is refused before anything listens', async () => {
  const closed = (await openHeddle(await testDatabase(), { agents: [script] })).heddle;
  await closed.close();
  const refused: readonly [unknown, object][] = [
    [closed, { code: 'closed' }],
    ...[undefined, null, {}, Promise.resolve(heddle), 'heddle'].map((given): [unknown, object] => [
      given,
      { code: 'invalid-field', detail: { field: 'heddle' } },
    ]),
  ];
  for (const [given, error] of refused) {
    const of = given as Heddle;
    await expect(serve(of, { port: 0 })).rejects.toMatchObject(error);
    const app = fastify();
    await expect(async () => app.register(heddlePlugin, { heddle: of })).rejects.toMatchObject(
      error,
    );
  }
});

/** An application that has of everything one of its own. */
async function application(prefix?: string) {
  const app = fastify({ bodyLimit: 10_000 });
  apps.push(app);
  const seen: string[] = [];
  await app.register(swagger, { openapi: { info: { title: 'theirs', version: '1' } } });
  await app.register(rateLimit, { global: false, max: 1, timeWindow: 60_000 });
  app.decorateRequest('principal', null);
  app.addHook('onRequest', async (request) => void seen.push(request.url));
  app.setErrorHandler((error: Error, _, reply) => reply.code(418).send({ theirs: error.message }));
  app.setNotFoundHandler((_, reply) => reply.code(404).send({ theirs: 'nothing here' }));
  app.get('/hello', async () => ({ hello: 'there' }));
  app.get('/throws', async () => {
    throw new Error('of theirs');
  });
  const at = prefix === undefined ? {} : { prefix };
  await app.register(heddlePlugin, { heddle, host: '127.0.0.1', ...at });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return { app, url, ask: asking(url), seen };
}

it.each([[undefined], ['/heddle']])('beside all of theirs, under %j', async (prefix) => {
  const { app, url, ask, seen } = await application(prefix);
  const at = prefix ?? '';
  expect((await ask('GET', '/hello')).body).toEqual({ hello: 'there' });
  expect(await ask('GET', '/throws')).toMatchObject({ status: 418, body: { theirs: 'of theirs' } });
  expect((await ask('GET', '/nothing')).body).toEqual({ theirs: 'nothing here' });
  const refused = await ask('POST', `${at}/v1/runs`, { agent: 'script', inpt: 1 });
  expect(refused).toMatchObject({ status: 400, body: { code: 'invalid-field' } });
  expect(refused.body.type).toBe(`${at}/docs#invalid-field`);
  const input = { steps: [], note: 'x'.repeat(50_000) };
  const start = () => ask('POST', `${at}/v1/runs`, { agent: 'script', input });
  const { status, headers, body } = await start();
  expect([status, headers.get('location')]).toEqual([202, `${at}/v1/runs/${body.id}`]);
  expect((await ask('GET', headers.get('location') ?? '')).status).toBe(200);
  expect((await start()).status).toBe(202);
  // A body that the application would not take is the relay's to judge: it knows no such connection.
  const { replicaId, store, clock } = heddle.runtime;
  const { secret } = await store.peers(replicaId);
  const claim = { to: replicaId, atMs: clock.nowMs(), nonce: newNonce() };
  const proof = { [proofHeader]: proofOf(secret, claim) };
  const add = Array.from({ length: 500 }, (_, i) => ({
    kind: 'channel',
    tenant: 't',
    channel: `${i}`,
  }));
  expect((await ask('POST', `${at}/v1/relay/x`, { add, remove: [] }, proof)).status).toBe(403);
  expect(seen).toContain(`${at}/v1/runs`);
  const client = createClient({ url: url + at });
  expect(await client.runs.output(body.id)).toMatchObject({ status: 'completed' });
  const own = await ask('GET', `${at}/openapi.json`);
  expect(Object.keys(own.body.paths)).toContain(`${at}/v1/runs`);
  expect(Object.keys(own.body.paths)).not.toContain('/hello');
  expect(app.swagger().info.title).toBe('theirs');
  if (prefix !== undefined) {
    const unknown = await ask('GET', `${at}/v1/nothing`);
    expect(unknown).toMatchObject({ status: 404, body: { code: 'route-unknown' } });
  }
});

it('replicas in applications hear from each other at the addresses with their prefix', async () => {
  const databaseUrl = await testDatabase();
  const sides: { heddle: Heddle; address: string; client: Client }[] = [];
  for (const prefix of ['/at/heddle', '/loom']) {
    const side = await openHeddle(databaseUrl, { agents: [script], providers: [silent()] });
    const port = await freePort();
    const app = fastify();
    apps.push(app);
    const address = `http://127.0.0.1:${port}${prefix}`;
    const options = { heddle: side.heddle, host: '127.0.0.1', address };
    await app.register(heddlePlugin, { ...options, prefix });
    await app.listen({ host: '127.0.0.1', port });
    sides.push({ heddle: side.heddle, address, client: createClient({ url: address }) });
  }
  const addresses = sides.map(({ address }) => address).toSorted();
  await eventually(async () => {
    const { replicas } = await sides[0]!.client.operator.replicas();
    expect(replicas.map(({ address }) => String(address)).toSorted()).toEqual(addresses);
    expect(replicas.map(({ shards }) => shards.length)).toEqual([16, 16]);
  });
  // Only the owner of a run knows the phase of its call.
  const steps = [{ do: 'generate', with: { prompt: 'why?' } }];
  const starts = Array.from({ length: 8 }, () => ({ agent: 'script', input: { steps } }));
  const runs = await sides[0]!.client.runs.startAll(starts);
  for (const { client } of sides) {
    await eventually(async () => {
      const calls = await Promise.all(runs.map(async ({ id }) => (await client.runs.get(id)).call));
      expect(calls.map((call) => call?.phase)).toEqual(runs.map(() => 'in-slot'));
    });
    // A list that is followed is told of phases over the connection between the two.
    const told = new Set<unknown>();
    for await (const event of client.stream([{ kind: 'runs', filter: {} }])) {
      JSON.stringify(event, (_, value: { phase?: string; runId?: string; id?: string } | null) => {
        if (value?.phase === 'in-slot') told.add(value.runId ?? value.id);
        return value;
      });
      if (told.size === runs.length) break;
    }
  }
  await Promise.all(sides.map(({ heddle: own }) => own.close()));
});

/** Its calls stay out. */
const silent = () => stubProvider({ name: 'silent', ceiling: 99, latencyMs: 3_600_000, seed: 1 });

async function freePort(): Promise<number> {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { readonly port: number };
  taken.close();
  await once(taken, 'close');
  return port;
}

it('follows a run, and lets its client go when the application closes', async () => {
  const { app, url } = await application('/at/heddle');
  const client = createClient({ url: `${url}/at/heddle` });
  const { id } = await client.runs.start('script', { input: { steps: [{ do: 'wait' }] } });
  const events: string[] = [];
  for await (const { event } of client.stream([{ kind: 'run', runId: id }])) {
    events.push(event);
    if (event === 'turn') void app.close();
    if (event === 'closing') break;
  }
  expect(events.at(-1)).toBe('closing');
  expect((await heddle.run(id)).id).toBe(id);
});

it('a token is needed where the plugin is not told where it listens', async () => {
  const app = fastify();
  apps.push(app);
  const told = { heddle, token: 'the-first-token-of-all' };
  await app.register(heddlePlugin, told);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  expect((await asking(url)('GET', '/v1/runs')).status).toBe(401);
  const none = fastify();
  apps.push(none);
  await expect(none.register(heddlePlugin, { heddle }).after()).rejects.toMatchObject({
    code: 'token-needed',
  });
});

it('two servers of one heddle, and one that finds its port in use', async () => {
  const first = await serve(heddle, { port: 0 });
  const second = await serve(heddle, { port: 0 });
  await expect(serve(heddle, { port: first.port })).rejects.toMatchObject({
    code: 'listen-failed',
    message: expect.stringContaining(String(first.port)) as string,
  });
  await first.close();
  expect((await asking(second.url)('GET', '/readyz')).body).toEqual({ ready: true });
  await second.close();
  expect(await heddle.runs()).not.toEqual([]);
});
