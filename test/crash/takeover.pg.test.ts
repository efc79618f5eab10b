/**
 * How long the shards of a process that is gone stay without an owner, with real processes and the
 * lease that users have (4 s): a killed one is followed in half of it, also by its own restart.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { shardCount } from '../../src/domain/ids.ts';
import type { HeddleOptions } from '../../src/index.ts';
import { startEmbeddedPostgres } from '../../src/store/embedded/embedded-postgres.ts';
import { compiled } from '../support/compiled.ts';
import { testDatabase } from '../support/postgres.ts';
import { openFolder, watched } from '../store/embedded/project.ts';

const script = await compiled('test/crash/owner.ts');
const halfLeaseMs = 2_000;
const databaseUrl = await testDatabase();
const owners = new Set<ChildProcess>();
const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const owner of owners) {
    if (owner.exitCode === null && owner.signalCode === null) {
      owner.kill('SIGKILL');
      await once(owner, 'exit');
    }
  }
  owners.clear();
  for (const end of endings.splice(0).reverse()) await end();
});

type Owner = {
  readonly process: ChildProcess;
  readonly replicaId: string;
  readonly beganMs: number;
};

async function startOwner(options: HeddleOptions): Promise<Owner> {
  const child = spawn(process.execPath, [script, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  owners.add(child);
  let beganMs = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'begins') beganMs = performance.now();
    const [word, replicaId = ''] = line.split(' ');
    if (word === 'started') return { process: child, replicaId, beganMs };
  }
  throw new Error('the owner did not start');
}

/** Resolves with the instant at which this replica is seen to hold so many shards. */
async function holding(client: pg.Client, { replicaId }: Owner, count: number): Promise<number> {
  const untilMs = performance.now() + 20_000;
  for (;;) {
    const { rows } = await client.query<{ n: number }>(
      'select count(*)::int as n from heddle.shards where replica_id = $1',
      [replicaId],
    );
    if (rows[0]?.n === count) return performance.now();
    if (performance.now() > untilMs)
      throw new Error(`${count} shards expected, ${rows[0]?.n} held`);
    await sleep(10);
  }
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  endings.push(() => client.end());
  return client;
}

const servers: Record<string, () => Promise<{ options: HeddleOptions; url: string }>> = {
  'a Postgres of the user’s': async () => ({ options: { databaseUrl }, url: databaseUrl }),
  'the embedded Postgres': async () => {
    const directory = watched(await openFolder());
    const server = await startEmbeddedPostgres({ directory });
    endings.push(() => server.close());
    return { options: { directory }, url: server.databaseUrl };
  },
};

describe.each(Object.entries(servers))('on %s', (_, open) => {
  it('a killed process is followed in half the lease, by its neighbour and by its restart', async () => {
    const { options, url } = await open();
    const client = await connected(url);
    const first = await startOwner(options);
    const second = await startOwner(options);
    await holding(client, second, shardCount / 2);
    const killedMs = performance.now();
    first.process.kill('SIGKILL');
    const neighbourMs = (await holding(client, second, shardCount)) - killedMs;

    second.process.kill('SIGKILL');
    const third = await startOwner(options);
    const restartMs = (await holding(client, third, shardCount)) - third.beganMs;
    console.log('takeover', { neighbourMs, restartMs });
    expect(neighbourMs).toBeLessThan(halfLeaseMs);
    expect(restartMs).toBeLessThan(halfLeaseMs);
  });

  it('a process that closes is followed at once', async () => {
    const { options, url } = await open();
    const client = await connected(url);
    const first = await startOwner(options);
    const second = await startOwner(options);
    await holding(client, second, shardCount / 2);
    first.process.stdin?.end();
    await once(first.process, 'exit');
    const exitedMs = performance.now();
    const handoverMs = (await holding(client, second, shardCount)) - exitedMs;
    console.log('handover', { handoverMs });
    expect(handoverMs).toBeLessThan(500);
  });
});

/** Two thirds of the lease: a takeover before this would not have waited for it. */
const patientMs = 2_600;

it('a frozen process keeps its shards until its lease is over, and is fenced then', async () => {
  const client = await connected(databaseUrl);
  const first = await startOwner({ databaseUrl });
  const second = await startOwner({ databaseUrl });
  await holding(client, second, shardCount / 2);
  const frozenMs = performance.now();
  first.process.kill('SIGSTOP');
  const takenMs = (await holding(client, second, shardCount)) - frozenMs;
  expect(takenMs).toBeGreaterThan(patientMs);
  expect(takenMs).toBeLessThan(5_000);
  first.process.kill('SIGCONT');
  // It finds out, asks for its share, and is given it.
  await holding(client, first, shardCount / 2);
});

it('behind a pooler that keeps the session of a killed process, its lease decides', async () => {
  const client = await connected(databaseUrl);
  const first = await startOwner({ databaseUrl: await poolerBefore(databaseUrl) });
  const second = await startOwner({ databaseUrl });
  await holding(client, second, shardCount / 2);
  const killedMs = performance.now();
  first.process.kill('SIGKILL');
  const takenMs = (await holding(client, second, shardCount)) - killedMs;
  expect(takenMs).toBeGreaterThan(patientMs);
  expect(takenMs).toBeLessThan(5_000);
});

/** Passes everything on, but the end of a client. */
async function poolerBefore(url: string): Promise<string> {
  const target = new pg.Client({ connectionString: url });
  const sessions = new Set<Socket>();
  const server = createServer((socket) => {
    const session = target.host.startsWith('/')
      ? createConnection(`${target.host}/.s.PGSQL.${target.port}`)
      : createConnection(target.port, target.host);
    sessions.add(session);
    socket.on('data', (bytes) => session.write(bytes)).on('error', () => undefined);
    session.on('data', (bytes) => socket.write(bytes)).on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endings.push(async () => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const { user, password, database } = target;
  const secret = typeof password === 'string' ? `:${password}` : '';
  return `postgres://${user}${secret}@127.0.0.1:${port}/${database}`;
}
