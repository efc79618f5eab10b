/**
 * Secrets that were planted everywhere a secret goes in: none comes out anywhere, whatever is asked, by whomever.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { assign, setup } from 'xstate';
import { createToken } from '../../src/access/tokens.ts';
import { routes } from '../../src/api/routes.ts';
import { Live } from '../../src/library/live/live.ts';
import { anthropic, catalogue } from '../../src/index.ts';
import { serve, type Server } from '../../src/server.ts';
import { startEmulator, type Emulator } from '../../src/emulators/emulator.ts';
import { openHeddle } from '../support/heddle.ts';
import { testDatabase } from '../support/postgres.ts';
import { asking } from './served.ts';

const caller = setup({
  types: { context: {} as { text: string } },
  actors: { ...catalogue },
}).createMachine({
  id: 'caller',
  context: { text: '' },
  initial: 'calling',
  states: {
    calling: {
      invoke: {
        id: 'call',
        src: 'generate',
        input: { prompt: 'why?' },
        onDone: { target: 'done', actions: assign({ text: ({ event }) => event.output.text }) },
      },
    },
    done: { type: 'final' },
  },
});

const providerKey = 'sk-planted-key-of-the-provider-81f2';
const firstToken = 'planted-first-token-of-all-5c3d';
const logged: string[] = [];
const seen: { readonly where: string; readonly text: string }[] = [];
const secrets = new Map<string, string>([
  ['the provider’s key', providerKey],
  ['the first token', firstToken],
]);
const databaseUrl = await testDatabase();
const log = (text: string, facts?: unknown): void =>
  void logged.push(`${text} ${JSON.stringify(facts)}`);
let emulator: Emulator;
let server: Server;
let heddle: Awaited<ReturnType<typeof openHeddle>>['heddle'];
let token = '';

beforeAll(async () => {
  // It refuses the key, with a fault that parks the provider and is told everywhere.
  emulator = await startEmulator({ protocol: 'anthropic', script: { apiKeys: ['another'] } });
  const provider = anthropic({ apiKey: providerKey, baseUrl: emulator.url, model: 'm' });
  ({ heddle } = await openHeddle(databaseUrl, {
    agents: [caller],
    providers: [provider],
    log: { info: log, warn: log },
  }));
  server = await serve(heddle, { port: 0, tokensAlways: true, token: firstToken });
  token = await createToken(heddle.runtime.store, { name: 'planted', scopes: ['admin'] });
  secrets.set('a token', token);
  const { secret } = await new Live(heddle.runtime).peers();
  secrets.set('the relay’s secret', secret);
  // Its host is a socket, which is no URL's.
  const [, password] = /:\/\/[^:@/]*:([^@]+)@/.exec(databaseUrl) ?? [];
  if (password !== undefined) secrets.set('the database’s password', decodeURIComponent(password));
});
afterAll(async () => {
  await server.close();
  await heddle.close();
  await emulator.close();
});

it('no route, page, stream or log tells a secret', { timeout: 120_000 }, async () => {
  const ask = asking(server.url);
  const headers = { authorization: `Bearer ${token}` };
  const note = (where: string, body: unknown): void =>
    void seen.push({ where, text: typeof body === 'string' ? body : JSON.stringify(body) });
  const { body: started } = await ask('POST', '/v1/runs', { agent: 'caller' }, headers);
  const { id } = started as { readonly id: string };
  await expect
    .poll(async () => (await ask('GET', `/v1/runs/${id}`, undefined, headers)).body.status, {
      timeout: 60_000,
    })
    .toBe('stalled');
  const stream = await fetch(`${server.url}/v1/stream?run=${id}&runs=true&providers=true`, {
    headers,
    signal: AbortSignal.timeout(3_000),
  });
  const decoder = new TextDecoder();
  try {
    for await (const part of stream.body!) {
      note('the stream', decoder.decode(part as Uint8Array, { stream: true }));
    }
  } catch {
    // It has been followed for long enough.
  }
  const known: Record<string, string> = { runId: id, scope: 'user', agent: 'caller' };
  const guises = [headers, { authorization: `Bearer ${token}x` }, { authorization: token }, {}];
  for (const { method, path } of routes) {
    if (path === '/v1/stream') continue;
    const filled = path.replaceAll(/:(\w+)/g, (_, name: string) => known[name] ?? 'x');
    const quick = `${filled}${path.endsWith('/output') ? '?waitMs=0' : ''}`;
    for (const guise of guises) {
      // A body that no route takes: what is refused is told, and might be told in full.
      const body = method === 'GET' || method === 'DELETE' ? undefined : { secret: 1 };
      const reply = await ask(method, quick, body, guise);
      note(`${method} ${path}`, reply.body);
      note(`${method} ${path}, headers`, [...reply.headers]);
    }
  }
  for (const page of ['/metrics', '/docs', '/openapi.json', `/v1/x?token=1`]) {
    note(page, (await ask('GET', page, undefined, headers)).body);
  }
  note('the log', logged.join('\n'));
  expect(logged.length).toBeGreaterThan(0);
  expect(secrets.size).toBeGreaterThanOrEqual(4);
  for (const [name, secret] of secrets) {
    expect(secret.length, name).toBeGreaterThan(3);
    const told = seen.filter(({ text }) => text.includes(secret)).map(({ where }) => where);
    expect(told, name).toEqual([]);
  }
  // The trouble itself is told, so that somebody can mend it.
  const why = seen.find(({ where }) => where === 'GET /v1/runs/:runId/why');
  expect(why?.text).toContain('stalled');
});
