/**
 * Waits for work that may never end, but only for a bounded time: a close waits so for each of its
 * parts.
 */
import type { Clock } from '../ports.ts';

/**
 * Whether `work` has ended, well or badly, within `waitMs`. How it ended is left to the holder of the
 * promise. Work that has not ended goes on.
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
