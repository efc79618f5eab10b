/**
 * Takes what is left of a refused request's body, and drops it. A connection that is closed while its client still
 * sends is reset: most clients then fail with "broken pipe", and never see the refusal.
 */
import type { IncomingMessage } from 'node:http';

/** For a client that goes on and on; the connection is reset then. */
const restMsMax = 5_000;
/** Without a byte for so long, the client waits for its answer. */
const quietMsMax = 500;

/** True while bytes of the body may still come. */
export function bodyComes({ complete, destroyed, headers }: IncomingMessage): boolean {
  const has = headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0;
  return has && !complete && !destroyed;
}

export function restOfBody(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(late);
      clearTimeout(quiet);
      request.off('data', came);
      for (const name of ends) request.off(name, over);
      resolve();
    };
    const late = setTimeout(over, restMsMax);
    const quiet = setTimeout(over, quietMsMax);
    const came = (): unknown => quiet.refresh();
    request.on('data', came);
    for (const name of ends) request.on(name, over);
    request.resume();
  });
}

const ends = ['end', 'close', 'error'] as const;
