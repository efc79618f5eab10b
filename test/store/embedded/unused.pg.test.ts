/** Servers whose users were all killed: they stop themselves, and never under somebody who comes. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, it } from 'vitest';
import {
  startEmbeddedPostgres,
  stopEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../../src/store/embedded/embedded-postgres.ts';
import { presenceLock } from '../../../src/store/embedded/idle-stop.ts';
import { makeProject, openFolder, quick, startIn, watched } from './project.ts';
import { ask, lives, serverProcess } from './server-view.ts';

/** A machine that is busy elsewhere takes its time. */
const patienceMs = 20_000;

it('a server stops when its last user was killed, and not while anybody uses it', async () => {
  const project = await openFolder();
  await makeProject(project);
  const directory = watched(join(project, '.heddle'));
  const request = { project, options: { directory, settings: quick, unusedMsMax: 800 } };
  const first = await startIn(request);
  const pid = await serverProcess(directory);
  // The server crashes and comes up without the session that looks: whoever adopts it mends that.
  const [looking] = await ask(
    first.server.databaseUrl,
    `select pid from pg_stat_activity where application_name = 'heddle idle stop'`,
  );
  process.kill(Number(looking?.['pid']), 'SIGKILL');
  const second = await startIn(request);
  expect(await serverProcess(directory)).toBe(pid);
  await first.kill();
  // A user that holds nothing but its handle keeps the server, well beyond the bound.
  await sleep(2_000);
  expect(await lives(pid)).toBe(true);
  const onlooker = new pg.Client({ connectionString: second.server.databaseUrl });
  onlooker.on('error', () => undefined);
  await onlooker.connect();
  await second.kill();
  await sleep(2_000);
  expect((await onlooker.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await onlooker.end();
  expect(await hasEnded(pid)).toBe(true);
}, 60_000);

it('a server that is just stopping is not adopted, however close the moment', async () => {
  const directory = watched(await openFolder());
  const origins: string[] = [];
  let waitMs = 100;
  let stepMs = 400;
  await leftAlone(directory);
  for (let round = 0; round < 7; round += 1) {
    await sleep(waitMs);
    const user = await startEmbeddedPostgres({ directory, settings: quick, keepRunning: true });
    expect(await ask(user.databaseUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
    await sleep(50);
    expect(await ask(user.databaseUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
    await user.close();
    origins.push(user.origin);
    // Nearer to the moment of the decision, from either side.
    waitMs = Math.max(0, waitMs + (user.origin === 'adopted' ? stepMs : -stepMs));
    stepMs = Math.max(10, stepMs / 2);
    if (user.origin !== 'adopted') await leftAlone(directory);
  }
  expect(new Set(origins)).toEqual(new Set(['adopted', 'started']));
  await stopEmbeddedPostgres({ directory });
}, 60_000);

it('a server that has decided to stop is waited for, and started anew', async () => {
  const directory = watched(await openFolder());
  const before = await startEmbeddedPostgres({ directory, settings: quick, keepRunning: true });
  await before.close();
  const deciding = new pg.Client({ ...before.connection, database: 'postgres' });
  deciding.on('error', () => undefined);
  await deciding.connect();
  await deciding.query(`select pg_advisory_lock(${presenceLock})`);
  let settled = false;
  const coming = startEmbeddedPostgres({ directory, settings: quick }).finally(() => {
    settled = true;
  });
  await sleep(1_000);
  expect(settled).toBe(false);
  process.kill(await serverProcess(directory), 'SIGINT');
  const after = await coming;
  expect(after.origin).toBe('started');
  expect(await ask(after.databaseUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
  await after.close();
}, 60_000);

/** A server that looks after itself and has no user. */
async function leftAlone(directory: string): Promise<void> {
  const options = { directory, settings: quick, unusedMsMax: 400 };
  const users: EmbeddedPostgres[] = [await startEmbeddedPostgres(options)];
  users.push(await startEmbeddedPostgres({ ...options, keepRunning: true }));
  for (const user of users) await user.close();
}

async function hasEnded(pid: number): Promise<boolean> {
  const untilMs = performance.now() + patienceMs;
  while (performance.now() < untilMs) {
    if (!(await lives(pid))) return true;
    await sleep(50);
  }
  return false;
}
