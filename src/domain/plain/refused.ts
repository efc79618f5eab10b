/** What a caller hands over with a request that is refused before anybody has looked at all of it. */
import { hushPromises } from './loss.ts';

/**
 * The same outcome as `ask`. When that throws, promises in `given` are heard: the request was refused, for
 * them or for something before them, and one that rejects would otherwise end the process.
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
