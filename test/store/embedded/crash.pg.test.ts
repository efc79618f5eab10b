/** SIGKILL, at any moment, of whoever has to do with the server. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  startEmbeddedPostgres,
  stopEmbeddedPostgres,
} from '../../../src/store/embedded/embedded-postgres.ts';
import { nameOfRecord, recordOf } from '../../../src/store/embedded/process-record.ts';
import {
  asRoot,
  makeProject,
  nobody,
  openFolder,
  quick,
  spawnStarter,
  startIn,
  watched,
} from './project.ts';
import { ask, lives, serverProcess } from './server-view.ts';

describe('after SIGKILL', () => {
  it('of the starter the server lives on, is adopted, and ends with its last living user', async () => {
    const project = await openFolder();
    await makeProject(project);
    const directory = watched(join(project, '.heddle'));
    const request = { project, options: { directory, settings: quick } };
    const starter = await startIn(request);
    const other = await startIn(request);
    await ask(starter.server.databaseUrl, 'create table kept as select 42 as answer');
    await starter.kill();
    const pid = await serverProcess(directory);
    const heir = await startIn(request);
    expect(heir.server.origin).toBe('adopted');
    expect(await ask(heir.server.databaseUrl, 'select * from kept')).toEqual([{ answer: 42 }]);
    await other.kill();
    await heir.finish();
    expect(await lives(pid)).toBe(false);
    const last = await startIn(request);
    await last.kill();
    expect(await stopEmbeddedPostgres({ directory, unlessUsed: true })).toBe('stopped');
  });

  it('of the server a start finds what was committed, although nobody reaped it', async () => {
    const directory = watched(await openFolder());
    const before = await startEmbeddedPostgres({ directory, settings: quick });
    await ask(before.databaseUrl, 'create table kept as select 42 as answer');
    process.kill(await serverProcess(directory), 'SIGKILL');
    const after = await startEmbeddedPostgres({ directory, settings: quick });
    expect(after.origin).toBe('started');
    expect(await ask(after.databaseUrl, 'select * from kept')).toEqual([{ answer: 42 }]);
    // Whoever lived through it counts on as a user.
    await after.close();
    expect(await ask(before.databaseUrl, 'select * from kept')).toEqual([{ answer: 42 }]);

    // This time a stranger has got the pid meanwhile, as in a container that begins anew.
    const killed = await serverProcess(directory);
    process.kill(killed, 'SIGKILL');
    while (await lives(killed)) await sleep(10);
    const stranger = spawn('sleep', ['60'], asRoot ? nobody : {});
    const lock = join(directory, 'postgres/data/postmaster.pid');
    const text = await readFile(lock, 'utf8');
    await writeFile(lock, text.replace(/^\d+/, String(stranger.pid)));
    const last = await startEmbeddedPostgres({ directory, settings: quick });
    expect(last.origin).toBe('started');
    expect(stranger.exitCode).toBeNull();
    stranger.kill('SIGKILL');
    process.kill(await serverProcess(directory), 'SIGKILL');
    await before.revive();
    await before.revive();
    expect(await ask(before.databaseUrl, 'select * from kept')).toEqual([{ answer: 42 }]);
    await before.close();
    await last.close();
  });

  it('during initdb the next start creates the cluster, and nothing half-made is left', async () => {
    const project = await openFolder();
    await makeProject(project);
    const directory = watched(join(project, '.heddle'));
    const request = { project, options: { directory, settings: quick } };
    for (const delayMs of [0, 150, 400]) {
      const child = spawnStarter(request);
      const exit = once(child, 'exit');
      const home = join(directory, 'postgres');
      while (!(await names(home)).some((name) => name.startsWith('data.new-'))) await sleep(5);
      await sleep(delayMs);
      child.kill('SIGKILL');
      await exit;
      expect(await names(home)).not.toContain('data');
    }
    const user = await startIn(request);
    expect(user.server.origin).toBe('created');
    await user.finish();
    expect(await unfinishedIn(directory)).toEqual([]);
  });

  it('at random moments of start and close every later start works', async () => {
    const project = await openFolder();
    await makeProject(project);
    const directory = watched(join(project, '.heddle'));
    const request = { project, options: { directory, settings: quick } };
    const first = await startIn(request);
    await ask(first.server.databaseUrl, 'create table kept as select 42 as answer');
    await first.finish();
    for (let round = 0; round < 7; round += 1) {
      const child = spawnStarter(request);
      const exit = once(child, 'exit');
      // Up to 240 ms it dies on the way up; later its input has ended and it dies on the way out.
      child.stdin?.end();
      await sleep(100 + round * 45);
      child.kill('SIGKILL');
      await exit;
    }
    // As of a process that was killed while it replaced a file.
    await writeFile(join(directory, 'postgres/server.json.new-left'), '');
    const last = await startIn(request);
    expect(await ask(last.server.databaseUrl, 'select * from kept')).toEqual([{ answer: 42 }]);
    await last.finish();
    expect((await names(directory)).toSorted()).toEqual(['postgres', 'users']);
    expect(await unfinishedIn(directory)).toEqual([]);
  });
});

describe('a start lock', () => {
  it('whose holder is dead, or whose pid is another process by now, holds nobody up', async () => {
    const directory = watched(await openFolder());
    await mkdir(join(directory, 'lock'));
    const own = await recordOf(process.pid);
    await writeFile(join(directory, 'lock', nameOfRecord({ ...own, mark: '1' })), '');
    const begun = Date.now();
    expect(await stopEmbeddedPostgres({ directory })).toBe('absent');
    expect(Date.now() - begun).toBeLessThan(2_000);
  });
});

async function unfinishedIn(directory: string): Promise<readonly string[]> {
  return (await names(join(directory, 'postgres'))).filter((name) => name.includes('new'));
}

async function names(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}
