/**
 * Real time, for the little that needs it: waiting for work of an author's that takes some, and giving up
 * on it. From `node:timers`, which a test runner's fake timers leave alone.
 */
import { clearTimeout, setTimeout } from 'node:timers';

/** The returned function calls it off. */
export function afterMs(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}

export function waitMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
