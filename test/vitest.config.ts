import { fileURLToPath } from 'node:url';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { LongestFirst } from './support/longest-first.ts';
import { ownProcess } from './support/own-process.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const common = {
  pool: 'forks' as const,
  // XState's production build keeps silent where its development build throws. vitest sets this
  // condition on its own as long as NODE_ENV is not production; test/tidy.test.ts checks it.
  execArgv: ['--conditions=development'],
  setupFiles: ['test/support/closes-all.ts'],
  hookTimeout: 60_000,
};

/** The suite: files with a process of their own, and those that share a few. */
function suite(): TestProjectInlineConfiguration[] {
  const own = ownProcess.map((path) => (path.endsWith('/') ? `${path}**/*.test.ts` : path));
  const long = ['bench', 'chaos', 'pages', 'service'].map((folder) => `test/${folder}/**`);
  const test = { ...common, testTimeout: 60_000 };
  return [
    { root, test: { ...test, name: 'alone', include: own } },
    {
      root,
      test: {
        ...test,
        name: 'together',
        include: ['test/**/*.test.ts'],
        exclude: [...own, ...long],
        // A worker goes from file to file, and has loaded most modules of src/ by the second.
        isolate: false,
        setupFiles: ['test/support/leaves-nothing.ts', ...common.setupFiles],
      },
    },
  ];
}

/**
 * `chaos`, `pages` and `service` take long, with real processes; `simulation` plays many times the schedules
 * and the random cases that the suite does, or as many schedules as HEDDLE_SCHEDULES says. `pages` looks at each page in each theme and width.
 */
function long(folder: string): TestProjectInlineConfiguration {
  const { HEDDLE_SCHEDULES = '40000' } = process.env;
  const envs: Readonly<Record<string, Record<string, string>>> = {
    simulation: { HEDDLE_SCHEDULES, HEDDLE_LONG_FORM: 'true' },
    pages: { HEDDLE_EVERY_LOOK: 'true' },
  };
  const env = envs[folder] ?? {};
  const include = [`test/${folder}/**/*.test.ts`];
  if (folder === 'simulation') {
    // These take the number of their cases from casesOf().
    const others = [
      'api/charts/layouts.test.ts',
      'kernel/mermaid.test.ts',
      'properties/*.test.ts',
      'store/agree.pg.test.ts',
      'ui/past.test.ts',
    ];
    include.push(...others.map((path) => `test/${path}`));
  }
  if (folder === 'pages') include.push('test/browser/pages.pg.test.ts');
  return { root, test: { ...common, name: folder, include, env, testTimeout: 600_000 } };
}

/** `vitest run` is the suite; the modes are the long forms, one after the other. */
export default defineConfig(({ mode }) => {
  const isLong = ['chaos', 'pages', 'service', 'simulation'].includes(mode);
  return {
    root,
    test: {
      globalSetup: ['test/support/postgres-setup.ts'],
      maxWorkers: isLong ? 1 : 3,
      sequence: { sequencer: LongestFirst },
      projects: isLong ? [long(mode)] : suite(),
    },
  };
});
