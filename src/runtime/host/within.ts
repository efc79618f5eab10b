/** Waiting for what may never end: a close waits for each of its parts so long and no longer. */
import type { Clock } from '../ports.ts';

/**
 * Whether `work` has ended after `waitMs`, well or badly; how it ended is for whoever keeps the
 * promise. It goes on where it has not.
 */
export async function endsWithin(
  clock: Clock,
  work: Promise<unknown>,
  waitMs: number,
): Promise<boolean> {
  let cancel = (): void => undefined;
  const tooLate = new Promise<false>((resolve) => {
    cancel = clock.setTimer(Math.max(waitMs, 0), () => resolve(false));
  });
  const ended = work.then(
    () => true as const,
    () => true as const,
  );
  try {
    return await Promise.race([ended, tooLate]);
  } finally {
    cancel();
  }
}
