/** Promises in a request that is refused before all of it was looked at. */
import { hushPromises } from './loss.ts';

/**
 * Has the same outcome as `ask`. When `ask` throws, the rejections of promises in `given` are handled: the
 * request was refused, and a promise in it that rejects would otherwise end the process.
 */
export async function hearGiven<Result>(
  given: unknown,
  ask: () => Promise<Result>,
): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    hushPromises(given);
    throw error;
  }
}
