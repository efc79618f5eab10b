/** `heddle serve` as a user has it: real processes, two on one database, behind one address. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { asking } from '../api/served.ts';
import { roundRobin } from '../api/round-robin.ts';
import { testDatabase } from '../support/postgres.ts';
import { listening } from './listening.ts';
import { heddle, type Spawned } from './spawned.ts';

const url = await testDatabase();
const timeout = 240_000;

const serve = (...args: readonly string[]): Spawned =>
  heddle('serve', '--port', '0', '--database-url', url, ...args);

/** One request, on a connection of its own, so that the next goes to the other replica. */
const fresh = { connection: 'close' };

it(
  'circuits run through two processes behind one address, and both end in good order',
  { timeout },
  async () => {
    const processes = [serve('--circuits'), serve('--circuits')];
    const servers = await Promise.all(processes.map(listening));
    const proxy = await roundRobin(() => servers.map(({ port }) => port));
    const ask = asking(proxy.url);
    const agents = await ask('GET', '/v1/agents', undefined, fresh);
    const names = agents.body.agents.map(({ agent }: { agent: string }) => agent);
    expect(names).toEqual(expect.arrayContaining(['researcher', 'editor', 'evaluator']));
    const published: string[] = [];
    for (const n of [1, 2, 3, 4]) {
      const { status, body } = await ask(
        'POST',
        `/v1/channels/c${n}/messages`,
        { payload: n },
        fresh,
      );
      expect(status).toBe(202);
      published.push(body.messageId);
    }
    const read = await Promise.all(
      [1, 2, 3, 4].map((n) => ask('GET', `/v1/channels/c${n}/messages`, undefined, fresh)),
    );
    expect(read.map(({ body }) => body.messages[0].messageId)).toEqual(published);
    proxy.close();
    for (const { child } of processes) child.kill('SIGTERM');
    for (const { ended } of processes) {
      const { code, stderr } = await ended;
      expect({ code, closing: stderr.includes('shards are given back') }).toEqual({
        code: 0,
        closing: true,
      });
    }
  },
);

it(
  'agents come from modules and from the config; what is wrong there is said',
  { timeout },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'heddle-serve-'));
    const config = join(folder, 'my.config.mjs');
    await writeFile(config, 'export default { settings: { pollMs: 500 } };');
    const empty = join(folder, 'empty.mjs');
    await writeFile(empty, 'export const nothing = 1;');
    const server = serve('--config', config);
    const { url: at } = await listening(server);
    expect((await asking(at)('GET', '/readyz')).body).toEqual({ ready: true });
    server.child.kill('SIGINT');
    const { code, stderr } = await server.ended;
    expect(code).toBe(0);
    expect(stderr).toContain('my.config.mjs');
    expect(await serve(empty).ended).toMatchObject({ code: 2 });
    expect((await serve(join(folder, 'none.mjs')).ended).stderr).toContain('is not there');
    expect(await serve('--host', '0.0.0.0').ended).toMatchObject({ code: 1 });
  },
);

it('a token is made, shown once, used, and revoked', { timeout }, async () => {
  const tokens = (...args: readonly string[]) =>
    heddle('tokens', ...args, '--database-url', url).ended;
  const made = await tokens('create', 'desk', '--scopes', 'read', '--tenant', 'acme');
  expect(made.code).toBe(0);
  const server = serve('--tokens-always');
  const { url: at } = await listening(server);
  const headers = { authorization: `Bearer ${made.stdout.trim()}` };
  expect((await asking(at)('GET', '/v1/runs', undefined, headers)).status).toBe(200);
  expect((await asking(at)('GET', '/v1/runs')).status).toBe(401);
  const listed = await tokens('list');
  expect(listed.stdout).toContain('desk  read  tenant acme');
  expect(listed.stdout).not.toContain(made.stdout.trim());
  expect((await tokens('revoke', 'desk')).code).toBe(0);
  server.child.kill('SIGTERM');
  expect((await server.ended).code).toBe(0);
});
