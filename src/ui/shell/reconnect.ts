import { HeddleRequestError } from '../../client/index.ts';

/** Somebody looks at the page: it asks a server that has gone away once a second, and not less and less often. */
export const reconnectMs = 1_000;

/** What was refused is not asked again at once: too many requests, or a run that a server without its agent has. */
export const refusedMs = 3_000;

/** Waits, or until the signal. */
export function paused(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}

/** Who asks may not, whenever it is asked: another token is needed. */
export const isForbidden = (error: unknown): boolean =>
  error instanceof HeddleRequestError && (error.status === 401 || error.status === 403);
