/** Where the programs come from, and what is done where an installation left them unfit. */
import { chown, lstat, mkdir, readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeLinks } from '../../../src/store/embedded/native-folder.ts';
import {
  asRoot,
  failureIn,
  makeProject,
  nobody,
  openFolder,
  packageName,
  quick,
  startIn,
  watched,
} from './project.ts';
import { ask } from './server-view.ts';

const debian = await readdir('/usr/lib/postgresql').catch(() => []);

describe('the package', () => {
  it('is made whole where install scripts were blocked', async () => {
    const project = await openFolder();
    await makeProject(project);
    const lib = join(project, 'node_modules', packageName, 'native/lib');
    const before = (await readdir(lib)).length;
    const directory = watched(join(project, '.heddle'));
    const user = await startIn({ project, options: { directory, settings: quick } });
    await user.finish();
    const names = await readdir(lib);
    const list = JSON.parse(await readFile(join(lib, '../pg-symlinks.json'), 'utf8')) as unknown[];
    expect(names.length - before).toBe(list.length);
    for (const name of names) expect(await stat(join(lib, name))).toBeDefined();
  });

  it('can be made whole by many at once, while others read it', async () => {
    const project = await openFolder();
    await makeProject(project);
    const native = join(project, 'node_modules', packageName, 'native');
    await Promise.all(Array.from({ length: 16 }, () => makeLinks(native)));
    await makeLinks(native);
    const names = await readdir(join(native, 'lib'));
    expect(names.filter((name) => /[0-9a-f]{8}-/.test(name))).toEqual([]);
    const links = await Promise.all(names.map((name) => lstat(join(native, 'lib', name))));
    const list = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as unknown[];
    expect(links.filter((link) => link.isSymbolicLink())).toHaveLength(list.length);
  });

  it.runIf(asRoot)('is copied once where it cannot be written', async () => {
    const project = await openFolder();
    await makeProject(project);
    const directory = watched(join(project, 'own'));
    await mkdir(directory);
    await chown(directory, nobody.uid, nobody.gid);
    // node_modules is root's and has no links; this user may only read it.
    const request = { project, options: { directory, settings: quick }, account: nobody };
    const user = await startIn(request);
    expect(await ask(user.server.databaseUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
    await user.finish();
    const copies = await readdir(join(directory, 'postgres/binaries'));
    expect(copies).toHaveLength(1);
    const again = await startIn(request);
    expect(again.server.origin).toBe('started');
    await again.finish();
    const lib = join(project, 'node_modules', packageName, 'native/lib');
    const links = await Promise.all((await readdir(lib)).map((name) => lstat(join(lib, name))));
    expect(links.some((link) => link.isSymbolicLink())).toBe(false);
  });
});

describe('without the package', () => {
  it('a Postgres of this machine is not taken, and the error says what to install', async () => {
    const project = await openFolder();
    await makeProject(project, { binaries: false });
    const directory = join(project, '.heddle');
    const env = { PATH: process.env['PATH'] ?? '' };
    const failure = await failureIn({ project, options: { directory }, env });
    expect(failure.code).toBe('embedded-binaries-missing');
    expect(failure.text).toContain(packageName);
    expect(failure.text).toContain('DATABASE_URL');
  });

  it.runIf(debian.length > 0)('one is taken when the environment allows it', async () => {
    const project = await openFolder();
    await makeProject(project, { binaries: false });
    const directory = watched(join(project, '.heddle'));
    const env = { HEDDLE_SYSTEM_POSTGRES: '1' };
    const user = await startIn({ project, options: { directory, settings: quick }, env });
    const major = debian.toSorted((a, b) => Number(b) - Number(a))[0];
    expect(user.server.version.split('.')[0]).toBe(major);
    await user.finish();
  });

  it.runIf(debian.length > 0)('or a bin folder that the environment names', async () => {
    const project = await openFolder();
    await makeProject(project);
    const directory = watched(join(project, '.heddle'));
    const env = { HEDDLE_SYSTEM_POSTGRES: `/usr/lib/postgresql/${debian[0]}/bin` };
    const user = await startIn({ project, options: { directory, settings: quick }, env });
    expect(user.server.version.split('.')[0]).toBe(debian[0]);
    await user.finish();
  });
});
