/**
 * Real time, for the few places that need it: waiting for an author's work, and giving up on it.
 * The timers come from `node:timers`, which a test runner's fake timers do not replace.
 */
import { clearTimeout, setTimeout } from 'node:timers';

/** Calls `run` after so long; the returned function cancels it. */
export function afterMs(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}

export function waitMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
