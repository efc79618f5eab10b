/** Rules of the house that no linter holds. Each names what it found, so that a failure reads as a list. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createActor, createMachine, fromPromise, spawnChild } from 'xstate';
import { longest } from './support/longest-first.ts';
import { ownProcess } from './support/own-process.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What git holds or would take: never node_modules, dist or a database. */
const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '-z'],
  {
    cwd: root,
    encoding: 'utf8',
  },
)
  .split('\0')
  .filter((file) => file !== '' && existsSync(`${root}${file}`));

const text = (file: string) => readFileSync(`${root}${file}`, 'utf8');
const lineCount = (file: string) => text(file).split('\n').length - 1;

const code = files.filter((file) => /^(src|machines|test)\/.*\.tsx?$/.test(file));
const source = code.filter((file) => file.startsWith('src/'));

/** Every `file:line` whose line matches. */
function linesThatMatch(among: readonly string[], pattern: RegExp): string[] {
  return among.flatMap((file) =>
    text(file)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}`] : [])),
  );
}

/** The longer files that were looked at and left whole, each with its reason. */
const longerThan300: Readonly<Record<string, string>> = {
  'src/client/api-types.ts':
    'every answer of the API with a line on each field: programs read it as a reference',
  'src/domain/errors.ts': 'every error that heddle gives, in one list',
  'src/library/caller/caller-heddle.ts':
    'all that one caller can ask: each call with what it promises, and its work elsewhere',
  'src/library/run-handle.ts': 'one run as its host holds it: each call with what it promises',
  'src/runtime/batch/turn-batch.ts':
    'one batch from the runs that are ready to its commit, step by step',
  'src/runtime/wake/run-queue.ts': 'the order among runs: each rule of it stands on the others',
};

/** The larger folders, each with its reason and the most that it may hold. */
const moreThanTwelve: Readonly<Record<string, { readonly most: number; readonly why: string }>> = {
  'src/circuits': {
    most: 24,
    why: 'the workload, its audit and its table; nothing else imports it',
  },
  'src/cli': { most: 24, why: 'a file for each command and for what it prints' },
  'src/domain': { most: 24, why: 'the words, a file for each' },
  'src/emulators': { most: 20, why: 'one emulator from its script to its sockets' },
  'src/kernel': { most: 32, why: 'the step and what registration refuses, a file for each rule' },
  'src/library': { most: 16, why: 'see its row in the import rules' },
  'src/providers/capacity': { most: 16, why: 'see its row in the import rules' },
  'src/runtime/turn': {
    most: 28,
    why: 'one turn: each effect and each kind of event has its file',
  },
  'src/runtime/wake': { most: 16, why: 'see its row in the import rules' },
  'src/schema': { most: 14, why: 'JSON Schemas: a file for each thing that is done with them' },
  'src/store/embedded': {
    most: 28,
    why: 'the supervisor of a server: each thing that can go wrong',
  },
  'src/store/postgres/migrations': { most: 40, why: 'a file for each change of the schema' },
  'src/store/memory': {
    most: 28,
    why: 'the twin has a file for each table, as the Postgres store has',
  },
  'src/store/postgres/tables': { most: 24, why: 'see its row in the import rules' },
};

describe('the checkout', () => {
  it('has files to look at', () => {
    expect(source.length).toBeGreaterThan(0);
  });

  it('shows nothing at its top but what a newcomer needs', () => {
    const allowed = [
      'LICENSE',
      'README.md',
      'docs',
      'machines',
      'package-lock.json',
      'package.json',
      'src',
      'test',
      'tsconfig.json',
    ];
    const visible = new Set(files.map((file) => file.split('/')[0] ?? ''));
    const strange = [...visible].filter((name) => !name.startsWith('.') && !allowed.includes(name));
    expect(strange).toEqual([]);
  });

  it('keeps every source file under 300 lines, or says why not', () => {
    const long = source.filter((file) => lineCount(file) > 300);
    expect(long.filter((file) => longerThan300[file] === undefined)).toEqual([]);
    const stale = Object.keys(longerThan300).filter((file) => !long.includes(file));
    expect(stale, 'no longer long: take it off the list').toEqual([]);
  });

  it('keeps a folder to a dozen files, or says why not', () => {
    const counts = new Map<string, number>();
    for (const file of source) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
    const large = [...counts].filter(([, count]) => count > 12).map(([folder]) => folder);
    expect(large.filter((folder) => moreThanTwelve[folder] === undefined)).toEqual([]);
    const stale = Object.keys(moreThanTwelve).filter((folder) => !large.includes(folder));
    expect(stale, 'small enough: take it off the list').toEqual([]);
    for (const [folder, { most }] of Object.entries(moreThanTwelve)) {
      expect(counts.get(folder), folder).toBeLessThanOrEqual(most);
    }
  });

  it('loads later by name only what is an ES module', () => {
    // A bundle that is split gives the names of a CommonJS package to static imports alone.
    const names = source.flatMap((file) =>
      [...text(file).matchAll(/\bimport\('([^.'][^']*)'\)/g)].map(([, name = '']) => name),
    );
    expect(names.length).toBeGreaterThan(2);
    const isModule = (name: string): boolean => {
      const { type, exports } = JSON.parse(text(`node_modules/${name}/package.json`)) as {
        type?: string;
        exports?: { '.'?: unknown };
      };
      return type === 'module' || /"[^"]*\.mjs"/.test(JSON.stringify(exports?.['.'] ?? ''));
    };
    expect(names.filter((name) => !isModule(name))).toEqual([]);
  });

  it('names files in kebab-case, after what they hold', () => {
    const names = code.map((file) => ({
      file,
      name: basename(file).replace(/(\.\w+){0,2}\.tsx?$/, ''),
    }));
    const ill = names.filter(({ name }) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name));
    expect(ill.map(({ file }) => file)).toEqual([]);
    const vague = names.filter(({ name }) => /^(utils?|helpers?|types|common|misc)$/.test(name));
    expect(vague.map(({ file }) => file)).toEqual([]);
  });

  it('speaks of files that are there', () => {
    // Decisions and changes tell of what was; tests name files that they write.
    const docs = files.filter((file) =>
      /^(README|docs\/(?!decisions|CHANGELOG)[\w-]+)\.md$/.test(file),
    );
    const told = [...docs, ...source].flatMap((file) =>
      [...text(file).matchAll(/(?<![\w/.-])((?:[\w.-]+\/)*[a-z][\w-]*\.ts)(?=`|[\s,.;:)'])/g)].map(
        ([, name = '']) => ({ file, name }),
      ),
    );
    const gone = told.filter(
      ({ name }) =>
        !code.some((path) => `/${path}`.endsWith(`/${name.replace(/^(\.\.?\/)+/, '')}`)),
    );
    expect(gone.map(({ file, name }) => `${file} speaks of ${name}`)).toEqual([]);
  });

  it('links to pages that are there', () => {
    const pages = files.filter((file) => file.endsWith('.md'));
    const links = pages.flatMap((page) =>
      [...text(page).matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, link = '']) => ({
        page,
        link,
      })),
    );
    expect(links.length).toBeGreaterThan(10);
    const gone = links.filter(({ page, link }) => !existsSync(join(root, dirname(page), link)));
    expect(gone.map(({ page, link }) => `${page} links to ${link}`)).toEqual([]);
  });

  it('knows no machine and no registry', () => {
    // Put together here, so that this file is not its own first finding.
    const folders = ['work', 'root', 'home'].join('|');
    const hosts = ['registry', 'deb', 'mirror'].join('|');
    expect(linesThatMatch(files, new RegExp(`(?<![\\w.*-])/(${folders})/\\w`))).toEqual([]);
    expect(linesThatMatch(files, new RegExp(`https?://(${hosts})\\w*\\.`))).toEqual([]);
    expect(text('package-lock.json')).not.toContain('"resolved":');
  });

  it('skips no test, runs none alone and promises none', () => {
    const tests = code.filter((file) => file.endsWith('.test.ts'));
    const marks = ['skip', 'only', 'todo'].join('|');
    expect(linesThatMatch(tests, new RegExp(`\\b(describe|it|test)\\.(${marks})\\b`))).toEqual([]);
  });
});

describe('the package', () => {
  const manifest = JSON.parse(text('package.json')) as Record<string, Record<string, string>>;

  it('pins every dependency', () => {
    const kinds = ['dependencies', 'optionalDependencies', 'devDependencies'];
    const all = kinds.flatMap((kind) => Object.entries(manifest[kind] ?? {}));
    expect(all.length).toBeGreaterThan(0);
    expect(
      all.filter(([, version]) => !/^(npm:.+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)),
    ).toEqual([]);
  });

  it('lets no dependency run an install script', () => {
    const lock = JSON.parse(text('package-lock.json')) as {
      packages: Record<string, { hasInstallScript?: boolean }>;
    };
    const withScript = Object.entries(lock.packages)
      .filter(([, entry]) => entry.hasInstallScript === true)
      .map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length));
    expect(manifest['allowScripts']).toEqual(
      Object.fromEntries(withScript.map((name) => [name, false])),
    );
  });
});

describe('the tests', () => {
  it('know where the longest files are, which begin first, and those with a process of their own', () => {
    const named = [...longest, ...ownProcess];
    const gone = named.filter((path) => !files.some((file) => file.startsWith(path)));
    expect(gone).toEqual([]);
  });

  it('hang no hook on vitest while a module loads that files in one process share', () => {
    // It would be a hook of the first of them alone: closing.ts is for that.
    const setups = ['test/support/closes-all.ts', 'test/support/leaves-nothing.ts'];
    const shared = code.filter(
      (file) =>
        file.startsWith('test/') &&
        !file.endsWith('.test.ts') &&
        !setups.includes(file) &&
        !ownProcess.some((path) => file.startsWith(path)),
    );
    expect(linesThatMatch(shared, /^(before|after)(All|Each)\(/)).toEqual([]);
  });

  it("run on XState's development build, which throws where production is silent", () => {
    const node = createRequire(import.meta.url);
    expect(node.resolve('xstate')).toContain('development');
    const inline = fromPromise(() => new Promise(() => {}));
    const spawns = createMachine({ id: 'm', entry: spawnChild(inline, { id: 'child' }) });
    const actor = createActor(spawns).start();
    expect(() => actor.getPersistedSnapshot()).toThrow(/inline child actor/);
    actor.stop();
  });
});
