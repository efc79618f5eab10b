/** Who runs the server, and where its files may be: as root, as a user without rights, and mixed. */
import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startEmbeddedPostgres } from '../../../src/store/embedded/embedded-postgres.ts';
import { nameOfRecord, recordOf } from '../../../src/store/embedded/process-record.ts';
import {
  asRoot,
  failureIn,
  makeProject,
  nobody,
  openFolder,
  quick,
  removedAfterwards,
  startIn,
  watched,
} from './project.ts';
import { ask, serverProcess } from './server-view.ts';

describe.runIf(asRoot)('root', () => {
  it('gives the server to an account without rights, gets in itself and lets nobody else in', async () => {
    const project = await openFolder();
    await makeProject(project);
    const directory = watched(join(project, '.heddle'));
    const user = await startIn({ project, options: { directory, settings: quick } });
    const pid = await serverProcess(directory);
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    expect(Number(/^Uid:\s+(\d+)/m.exec(status)?.[1])).not.toBe(0);
    expect(await ask(user.server.databaseUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
    expect(environment).not.toContain('HOME');
    for (const folder of ['data', 'socket', 'log']) {
      const { mode, uid } = await stat(join(user.server.directory, folder));
      expect({ folder, mode: mode & 0o777, root: uid === 0 }).toEqual({
        folder,
        mode: 0o700,
        root: false,
      });
    }
    const account = { uid: 12_345, gid: 12_345 };
    const stranger = await failureIn({ project, options: { directory }, account });
    expect(stranger.code).toBe('embedded-directory-unusable');
    await user.finish();

    // The data are here and cannot be reached any more: a new home would look like their loss.
    await chmod(project, 0o700);
    const failure = await failureIn({ project, options: { directory } });
    expect(failure.code).toBe('embedded-directory-unusable');
    expect(failure.text).toContain(`may not enter ${project}`);
    await chmod(project, 0o755);
  });

  it('uses a directory that is for root alone, such as a volume, and opens no more than it must', async () => {
    const volume = watched(await openFolder());
    for (const [mode, opened] of [
      [0o700, 0o710],
      [0o750, 0o751],
    ] as const) {
      await chmod(volume, mode);
      await chown(volume, 0, 0);
      const said: string[] = [];
      const warn = (line: string) => said.push(line);
      const server = await startEmbeddedPostgres({ directory: volume, settings: quick, warn });
      expect(server.directory).toBe(join(await realpath(volume), 'postgres'));
      expect((await stat(volume)).mode & 0o777).toBe(opened);
      expect((await stat(volume)).uid).toBe(0);
      await server.close();
      expect(said).toEqual([]);
    }
  });

  it('puts data and programs elsewhere when a folder above is for root alone, and says so', async () => {
    const closed = await mkdtemp(join(tmpdir(), 'heddle-closed-'));
    removedAfterwards(closed);
    const project = join(closed, 'project');
    await mkdir(project);
    await makeProject(project);
    const directory = join(project, '.heddle');
    const request = { project, options: { directory, settings: quick } };
    const first = await startIn(request);
    removedAfterwards(first.server.directory);
    expect(first.server.directory.startsWith(closed)).toBe(false);
    expect((await stat(closed)).mode & 0o777).toBe(0o700);
    for (const part of [directory, first.server.directory, `may not enter ${closed}`]) {
      expect(first.said()).toContain(part);
    }
    await ask(first.server.databaseUrl, 'create table kept as select 42 as answer');
    await first.finish();
    const pointer = JSON.parse(await readFile(join(directory, 'postgres.json'), 'utf8')) as object;
    expect(pointer).toEqual({ home: first.server.directory, directory });

    // The place follows from the path, so it is found again without the pointer.
    await rm(join(directory, 'postgres.json'));
    const second = await startIn(request);
    expect(second.server.directory).toBe(first.server.directory);
    expect(second.server.origin).toBe('started');
    expect(await ask(second.server.databaseUrl, 'select * from kept')).toEqual([{ answer: 42 }]);
    await second.finish();

    // A copy of the project begins with a database of its own; a moved one keeps its own.
    const copy = watched(join(closed, 'copy'));
    await cp(directory, copy, { recursive: true });
    const copied = await startEmbeddedPostgres({ directory: copy, settings: quick });
    removedAfterwards(copied.directory);
    expect(copied.origin).toBe('created');
    await copied.close();
    // The place outside was lost, as with a container: what begins anew says so.
    await rm(copied.directory, { recursive: true });
    const said: string[] = [];
    const warn = (line: string) => said.push(line);
    const anew = await startEmbeddedPostgres({ directory: copy, settings: quick, warn });
    expect(anew.origin).toBe('created');
    expect(said.join()).toContain('no data are there: a new database begins');
    await anew.close();
    const moved = watched(join(closed, 'moved'));
    await rename(directory, moved);
    const third = await startEmbeddedPostgres({ directory: moved, settings: quick });
    expect(third.directory).toBe(first.server.directory);
    expect(await ask(third.databaseUrl, 'select * from kept')).toEqual([{ answer: 42 }]);
    await third.close();
  });
});

describe.runIf(asRoot)('a user without rights', () => {
  it('runs the server as itself, and root can help out there without locking it out', async () => {
    const project = await openFolder();
    await makeProject(project);
    const directory = watched(join(project, 'own/.heddle'));
    await mkdir(join(project, 'own'));
    await chown(join(project, 'own'), nobody.uid, nobody.gid);
    const own = { project, options: { directory, settings: quick }, account: nobody };
    const first = await startIn(own);
    expect(first.server.origin).toBe('created');
    expect((await stat(directory)).uid).toBe(nobody.uid);
    const { host } = first.server.connection;
    expect(((await stat(host)).mode & 0o777).toString(8)).toBe('700');
    await first.finish();

    const root = await startIn({ project, options: { directory, settings: quick } });
    expect(root.server.origin).toBe('started');
    expect((await stat(join(root.server.directory, 'data'))).uid).toBe(nobody.uid);
    const beside = await startIn(own);
    expect(beside.server.origin).toBe('adopted');
    await root.finish();
    expect(await ask(beside.server.databaseUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
    await beside.finish();
    // Root was killed while it waited for the lock: what it left cannot be removed by anybody else.
    const left = `lock.${nameOfRecord({ ...(await recordOf(process.pid)), mark: '1' })}`;
    await mkdir(join(directory, left));
    await writeFile(join(directory, left, 'token'), '');
    const again = await startIn(own);
    expect(again.server.origin).toBe('started');
    await again.finish();
  });

  it('is told when the folder is not its own', async () => {
    const project = await openFolder();
    await makeProject(project);
    const directory = join(project, '.heddle');
    const failure = await failureIn({ project, options: { directory }, account: nobody });
    expect(failure.code).toBe('embedded-directory-unusable');
  });
});
