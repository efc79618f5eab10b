/** `heddle serve` as a process: watched, told to stop, beside another, with wrong ports, keys and files. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createClient, type StreamEvent } from '../../src/client/index.ts';
import { closeAfterTest } from '../support/closing.ts';
import { compiled } from '../support/compiled.ts';
import { testDatabase } from '../support/postgres.ts';
import { listening } from './listening.ts';
import { heddle, heddleIn, type Spawned } from './spawned.ts';

const database = await testDatabase();
const timeout = 240_000;
const serve = ['serve', '--port', '0', '--database-url', database] as const;
const folderWith = async (files: Readonly<Record<string, string>>): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-serve-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
};
const alive = async (url: string): Promise<boolean> =>
  fetch(`${url}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );

/** What the process has written so far, and a wait for more of it. */
function told({ child }: Pick<Spawned, 'child'>) {
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (part: string) => (text[name] += part));
  }
  return async (stream: 'stdout' | 'stderr', words: RegExp): Promise<string> => {
    await expect.poll(() => text[stream], { timeout: 60_000, interval: 50 }).toMatch(words);
    const [found] = words.exec(text[stream]) ?? [''];
    text[stream] = text[stream].slice(text[stream].indexOf(found) + found.length);
    return found;
  };
}

it(
  '--watch begins anew when a file changes, and outlives one that is wrong',
  { timeout },
  async () => {
    const cwd = await folderWith({ 'heddle.config.mjs': 'export default {};' });
    const config = join(cwd, 'heddle.config.mjs');
    const watcher = heddleIn({ cwd }, ...serve, '--watch');
    const until = told(watcher);
    const first = (await until('stdout', /http\S+(?= \()/)).trim();
    expect(await alive(first)).toBe(true);
    await writeFile(config, 'export default {');
    await until('stderr', /heddle.config.mjs has changed/);
    await until('stderr', /cannot be loaded[^]*the server ended with 2; it begins again/);
    expect(await alive(first)).toBe(false);
    await writeFile(config, 'export default { settings: { pollMs: 500 } };');
    const second = (await until('stdout', /http\S+(?= \()/)).trim();
    expect(await alive(second)).toBe(true);
    watcher.child.kill('SIGINT');
    expect((await watcher.ended).code).toBe(0);
    expect(await alive(second)).toBe(false);
  },
);

it('--watch begins anew after a server whose code goes round for ever', { timeout }, async () => {
  const cwd = await folderWith({
    'busy.mjs':
      "process.on('SIGTERM', () => {}); console.log('begun'); setTimeout(() => { for (;;); });",
    'watch.mjs': `import { serveWatched } from ${JSON.stringify(await compiled('src/cli/serve-watch.ts'))};
const times = { againMs: 100, killMs: 500 };
await serveWatched({ files: ['busy.mjs'], args: ['busy.mjs'], note: console.error, times });`,
  });
  const child = spawn(process.execPath, ['watch.mjs'], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  closeAfterTest(() => child.kill('SIGKILL'));
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8');
  const until = told({ child });
  await until('stdout', /begun/);
  await writeFile(join(cwd, 'busy.mjs'), "console.log('again'); setInterval(() => {}, 1_000);");
  await until('stderr', /it is killed/);
  await until('stdout', /again/);
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
});

it('no server outlives a watcher that is killed', { timeout }, async () => {
  const watcher = heddleIn({ cwd: await folderWith({}) }, ...serve, '--watch');
  const url = (await told(watcher)('stdout', /http\S+(?= \()/)).trim();
  watcher.child.kill('SIGKILL');
  await expect.poll(() => alive(url), { timeout: 30_000 }).toBe(false);
});

const refuseJiti = `data:text/javascript,${encodeURIComponent(`import { register } from 'node:module';
register('data:text/javascript,' + encodeURIComponent(\`export function resolve(name, context, next) {
  if (name === 'jiti') throw new Error('none');
  return next(name, context);
}\`));`)}`;

it(
  'takes a config in TypeScript by jiti, and says what to do without it',
  { timeout },
  async () => {
    const text = 'const pollMs: number = 500;\nexport default { settings: { pollMs } };';
    const cwd = await folderWith({ 'heddle.config.ts': text });
    const server = heddleIn({ cwd }, ...serve);
    expect(await alive((await listening(server)).url)).toBe(true);
    server.child.kill('SIGTERM');
    expect((await server.ended).stderr).toContain('heddle.config.ts');
    const env = { NODE_OPTIONS: `--import ${refuseJiti}` };
    const without = await heddleIn({ cwd, env }, ...serve).ended;
    expect(without).toMatchObject({ code: 2, stdout: '' });
    expect(without.stderr).toContain('install jiti');
  },
);

it('a server that is told to stop gives its runs to another at once', { timeout }, async () => {
  const looms = join(import.meta.dirname, 'modules/looms.mjs');
  const leaving = heddle(...serve, looms);
  const client = createClient({ url: (await listening(leaving)).url });
  const runs = await client.runs.startAll(Array.from({ length: 20 }, () => ({ agent: 'loom' })));
  const events: StreamEvent[] = [];
  const [run] = runs;
  const stop = new AbortController();
  const follow = (async () => {
    const { signal } = stop;
    for await (const event of client.stream([{ kind: 'run', runId: run!.id }], { signal })) {
      events.push(event);
      if (event.event === 'end') return;
    }
  })();
  await expect.poll(() => events.length, { timeout: 30_000 }).toBeGreaterThan(1);
  const staying = heddle(...serve, looms);
  const { runs: there } = createClient({ url: (await listening(staying)).url });
  const waiting = client.runs.output(run!.id, { signal: stop.signal });
  leaving.child.kill('SIGTERM');
  const { code } = await leaving.ended;
  expect(code).toBe(0);
  // Who waited was answered; who followed was told to come again.
  await Promise.race([follow, waiting.catch(() => undefined)]);
  expect(events.map(({ event }) => event)).toContain('closing');
  const sinceMs = performance.now();
  await Promise.all(runs.map(({ id }) => there.send(id, { type: 'go' })));
  const outcomes = await Promise.all(runs.map(({ id }) => there.output(id)));
  const tookMs = performance.now() - sinceMs;
  expect(outcomes.map(({ status }) => status)).toEqual(runs.map(() => 'completed'));
  // Without giving back, the shards of the first would be taken after its lease of 10 s.
  expect(tookMs).toBeLessThan(8_000);
  stop.abort();
  await follow.catch(() => undefined);
  staying.child.kill('SIGTERM');
  expect((await staying.ended).code).toBe(0);
});

it('a second signal ends it at once, whatever it waits for', { timeout }, async () => {
  const server = heddle(...serve);
  const { port } = await listening(server);
  // A request of which half has come holds the close.
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  socket.write('POST /v1/runs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n');
  socket.write('content-length: 100\r\n\r\n{');
  await new Promise((resolve) => setTimeout(resolve, 300));
  const until = told(server);
  server.child.kill('SIGTERM');
  await until('stderr', /closing/);
  server.child.kill('SIGTERM');
  const sinceMs = performance.now();
  expect((await server.ended).code).toBe(1);
  expect(performance.now() - sinceMs).toBeLessThan(10_000);
  socket.destroy();
});

it('says what is wrong with a port, a host, a key', { timeout }, async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const port = String((taken.address() as AddressInfo).port);
  const inUse = await heddle('serve', '--port', port, '--database-url', database).ended;
  taken.close();
  expect(inUse).toMatchObject({ code: 1, stdout: '' });
  expect(inUse.stderr).toMatch(/heddle: listen-failed: .*EADDRINUSE/);
  expect(inUse.stderr).not.toContain('    at ');
  const open = await heddle(...serve, '--host', '0.0.0.0').ended;
  expect(open).toMatchObject({ code: 1, stdout: '' });
  expect(open.stderr).toContain('token-needed');
  expect(await heddle('serve', '--port', '70000').ended).toMatchObject({ code: 2 });
  const key = `import { anthropic } from ${JSON.stringify(await compiled('src/index.ts'))};
    export default { providers: [anthropic({ apiKey: process.env.NO_SUCH_KEY, model: 'm' })] };`;
  const cwd = await folderWith({ 'heddle.config.mjs': key });
  const keyless = await heddleIn({ cwd }, ...serve).ended;
  expect(keyless).toMatchObject({ code: 2, stdout: '' });
  expect(keyless.stderr).toContain('apiKey');
});

it('calls no stub a model: none unless it was asked for', { timeout }, async () => {
  const cwd = await folderWith({});
  const notes = async (...args: readonly string[]): Promise<string> => {
    const server = heddleIn({ cwd }, ...serve, ...args);
    await listening(server);
    server.child.kill('SIGTERM');
    return (await server.ended).stderr;
  };
  expect(await notes()).toContain('no providers: runs that call a model will wait');
  expect(await notes('--stub')).toContain('a STUB answers model calls');
  expect(await notes('--circuits')).toContain('a STUB answers model calls');
});
