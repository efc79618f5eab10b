/** What several users of one server see of each other, and what is left when they go. */
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import {
  startEmbeddedPostgres,
  stopEmbeddedPostgres,
} from '../../../src/store/embedded/embedded-postgres.ts';
import { makeProject, openFolder, quick, startIn, watched } from './project.ts';
import { ask, serverProcess, lives } from './server-view.ts';

describe('users of one directory', () => {
  it('race, and one of them creates the cluster that all get', async () => {
    const project = await openFolder();
    await makeProject(project);
    const directory = watched(join(project, '.heddle'));
    const request = { project, options: { directory, settings: quick } };
    const users = await Promise.all([1, 2, 3].map(() => startIn(request)));
    const origins = users.map(({ server }) => server.origin).toSorted();
    expect(origins).toEqual(['adopted', 'adopted', 'created']);
    const pid = await serverProcess(directory);
    for (const { server } of users) {
      expect(await ask(server.databaseUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
    }
    for (const user of users.slice(1)) await user.finish();
    expect(await lives(pid)).toBe(true);
    await users[0]?.finish();
    expect(await lives(pid)).toBe(false);
    expect((await readdir(directory)).toSorted()).toEqual(['postgres', 'users']);
    expect(await readdir(join(directory, 'users'))).toEqual([]);
  });

  it('in one process count one by one, and may leave it running or stop it at once', async () => {
    const directory = watched(await openFolder());
    const first = await startEmbeddedPostgres({ directory, settings: quick });
    const second = await startEmbeddedPostgres({ directory });
    expect([first.origin, second.origin]).toEqual(['created', 'adopted']);
    await first.close();
    await first.close();
    expect(await ask(second.databaseUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
    await second.close();
    await expect(ask(second.databaseUrl, 'select 1')).rejects.toThrow();

    const kept = await startEmbeddedPostgres({ directory, settings: quick, keepRunning: true });
    expect(kept.origin).toBe('started');
    expect(await stopEmbeddedPostgres({ directory, unlessUsed: true })).toBe('used');
    await kept.close();
    expect(await ask(kept.databaseUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(await stopEmbeddedPostgres({ directory, unlessUsed: true })).toBe('stopped');
    expect(await stopEmbeddedPostgres({ directory })).toBe('absent');

    const third = await startEmbeddedPostgres({ directory, settings: quick });
    const fourth = await startEmbeddedPostgres({ directory });
    await third.stop();
    await expect(ask(fourth.databaseUrl, 'select 1')).rejects.toThrow();
    await fourth.close();
    await third.close();
  });
});

describe('the server', () => {
  it('keeps its promises about crashes, listens on its socket alone and creates any database', async () => {
    const directory = watched(await openFolder());
    const database = 'My-other_database';
    const server = await startEmbeddedPostgres({ directory, database });
    const rows = await ask(
      server.databaseUrl,
      `select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'jit',
       'synchronous_commit', 'listen_addresses', 'max_connections', 'wal_level', 'max_wal_size')`,
    );
    expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
      fsync: 'on',
      full_page_writes: 'on',
      jit: 'off',
      synchronous_commit: 'on',
      listen_addresses: '',
      max_connections: '100',
      wal_level: 'minimal',
      max_wal_size: '4096',
    });
    expect(await ask(server.databaseUrl, 'select current_database() as name')).toEqual([
      { name: database },
    ]);
    const client = new pg.Client(server.connection);
    await client.connect();
    const { rows: locale } = await client.query(
      `select pg_encoding_to_char(encoding) as encoding, datcollate from pg_database
       where datname = current_database()`,
    );
    expect(locale).toEqual([{ encoding: 'UTF8', datcollate: 'C' }]);
    await client.end();
    await server.close();
  });

  it('runs in a folder whose name a shell, a setting or a URL could stumble over', async () => {
    const directory = watched(join(await openFolder(), `quo'te"s, $HOME \`x\` ünï%2F?&#`));
    const server = await startEmbeddedPostgres({ directory, settings: quick });
    expect(await ask(server.databaseUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
    await server.close();
  });

  it('gets a short socket where the path is too long for one, and takes it away again', async () => {
    const directory = watched(join(await openFolder(), 'long'.repeat(30), '.heddle'));
    const server = await startEmbeddedPostgres({ directory, settings: quick });
    expect(server.connection.host.length).toBeLessThan(50);
    expect(await ask(server.databaseUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
    const { mode } = await stat(server.connection.host);
    expect(mode & 0o777).toBe(0o700);
    await server.close();
    await expect(stat(server.connection.host)).rejects.toThrow('ENOENT');
  });

  it('says at once why it cannot start, and leaves data of another major version alone', async () => {
    const directory = watched(await openFolder());
    const begun = Date.now();
    const settings = { ...quick, max_connections: 'many' };
    await expect(startEmbeddedPostgres({ directory, settings })).rejects.toMatchObject({
      code: 'embedded-start-failed',
      message: expect.stringContaining('max_connections'),
    });
    expect(Date.now() - begun).toBeLessThan(10_000);
    const server = await startEmbeddedPostgres({ directory, settings: quick });
    await server.close();

    const version = join(server.directory, 'data', 'PG_VERSION');
    const before = await readFile(version, 'utf8');
    await writeFile(version, '9\n');
    await expect(startEmbeddedPostgres({ directory })).rejects.toMatchObject({
      code: 'embedded-directory-unusable',
      message: expect.stringContaining('data of Postgres 9'),
    });
    await writeFile(version, before);
  });
});
