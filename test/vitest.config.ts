import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './support/longest-first.ts';

/** `vitest run` is the suite; the modes `chaos` and `service` are the long ones, with real processes. */
export default defineConfig(({ mode }) => {
  const isLong = mode === 'chaos' || mode === 'service';
  return {
    root: fileURLToPath(new URL('..', import.meta.url)),
    test: {
      include: [isLong ? `test/${mode}/**/*.test.ts` : 'test/**/*.test.ts'],
      exclude: isLong ? [] : ['test/chaos/**', 'test/service/**', 'test/bench/**'],
      globalSetup: ['test/support/postgres-setup.ts'],
      pool: 'forks',
      // XState's production build keeps silent where its development build throws. vitest sets this
      // condition on its own as long as NODE_ENV is not production; test/tidy.test.ts checks it.
      execArgv: ['--conditions=development'],
      maxWorkers: isLong ? 1 : 3,
      sequence: { sequencer: LongestFirst },
      testTimeout: isLong ? 600_000 : 60_000,
      hookTimeout: 60_000,
    },
  };
});
