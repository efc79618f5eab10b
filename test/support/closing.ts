/**
 * What a helper of tests has opened, and closes at the end of the test or of the file in which it did.
 * Helpers say so here and hang no hook of their own on vitest: a module is loaded once for many files,
 * and a hook that it hangs while it loads belongs to the first of them alone.
 */
type Close = () => unknown;

const ofTest: Close[] = [];
const ofFile: Close[] = [];

export function closeAfterTest(close: Close): void {
  ofTest.push(close);
}

export function closeAfterFile(close: Close): void {
  ofFile.push(close);
}

/** For `closes-all.ts`, which runs in each file. */
export async function closeAll(when: 'test' | 'file'): Promise<void> {
  const all = when === 'test' ? ofTest : ofFile;
  for (const close of all.splice(0)) await close();
}
