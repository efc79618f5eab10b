/**
 * The test files that have a process to themselves. All others share a few, in which the modules of
 * src/ are loaded once for many files: most of the time of a short test file went into loading them.
 *
 * In this list is what changes how the process itself works (its environment for a child, flags of
 * the engine, the heap that is measured), and what is long and loads little of src/.
 * `leaves-nothing.ts` watches over the others.
 */
export const ownProcess = [
  'test/circuits/emulated.test.ts',
  'test/circuits/emulators-process.test.ts',
  'test/import-rules.test.ts',
  'test/package.test.ts',
  'test/runtime/calls/waiting-memory.test.ts',
];
