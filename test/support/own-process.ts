/**
 * The test files that have a process to themselves. All others share a few, in which the modules of
 * src/ are loaded once for many files: most of the time of a short test file went into loading them.
 *
 * In this list is what ends or forks processes, what changes how the process itself works (its
 * environment for a child, flags of the engine, the heap that is measured), and what is so long
 * that loading the modules counts for nothing. `leaves-nothing.ts` watches over the others.
 */
export const ownProcess = [
  'test/circuits/emulated.test.ts',
  'test/circuits/emulators-process.test.ts',
  'test/cli/circuits-emulated.pg.test.ts',
  'test/cli/circuits-pages.pg.test.ts',
  'test/cli/circuits-url.pg.test.ts',
  'test/cli/circuits.pg.test.ts',
  'test/cli/emulate.test.ts',
  'test/cli/main.test.ts',
  'test/cli/readme.pg.test.ts',
  'test/cli/serve-process.pg.test.ts',
  'test/cli/serve.pg.test.ts',
  'test/cli/speaking.pg.test.ts',
  'test/crash/',
  'test/import-rules.test.ts',
  'test/odd/',
  'test/package.test.ts',
  'test/runtime/calls/waiting-memory.test.ts',
  'test/simulation/',
  'test/store/embedded/',
];
