import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './support/longest-first.ts';

/** `vitest run` is the suite; `vitest run --mode chaos` is the long one, with real processes. */
export default defineConfig(({ mode }) => {
  const chaos = mode === 'chaos';
  return {
    root: fileURLToPath(new URL('..', import.meta.url)),
    test: {
      include: [chaos ? 'test/chaos/**/*.test.ts' : 'test/**/*.test.ts'],
      exclude: chaos ? [] : ['test/chaos/**', 'test/bench/**'],
      globalSetup: ['test/support/postgres-setup.ts'],
      pool: 'forks',
      // XState's production build keeps silent where its development build throws. vitest sets this
      // condition on its own as long as NODE_ENV is not production; test/tidy.test.ts checks it.
      execArgv: ['--conditions=development'],
      maxWorkers: chaos ? 1 : 2,
      sequence: { sequencer: LongestFirst },
      testTimeout: chaos ? 600_000 : 60_000,
      hookTimeout: 60_000,
    },
  };
});
