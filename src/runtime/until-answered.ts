/** Makes a request to the store again for as long as the database cannot be reached. */
import { HeddleError } from '../domain/errors.ts';
import type { Clock, Log } from './ports.ts';

/** The waits between tries. They need no jitter, because few requests of a replica wait at once. */
const retryMs = [50, 100, 200, 500, 1_000, 2_000] as const;

/**
 * Calls `attempt` until it has an answer. Gives up, with the last error, when `mayGoOn` says no or
 * the error is not about reaching the database.
 */
export async function untilAnswered<Result>(
  attempt: () => Promise<Result>,
  around: { readonly clock: Clock; readonly log: Log; readonly mayGoOn: () => boolean },
): Promise<Result> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      const isOutage = error instanceof HeddleError && error.code === 'store-unavailable';
      if (!isOutage || !around.mayGoOn()) throw error;
      around.log.warn('store unavailable, trying again', { tries, reason: error.message });
      const waitMs = retryMs[Math.min(tries, retryMs.length - 1)] ?? 2_000;
      await new Promise<void>((resolve) => around.clock.setTimer(waitMs, resolve));
    }
  }
}
