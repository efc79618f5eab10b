/**
 * The activity stream, decoded: rows and their states, counts, gates. It owns no picture; it tells what has changed.
 */
import { createClient, HeddleRequestError, type StreamEvent } from '../../../client/index.ts';
import type { Access } from '../../shell/access.ts';
import { reconnectMs } from '../../shell/reconnect.ts';
import type { Frame } from './frames.ts';

export type FeedHearer = {
  readonly reset: (frame: Frame) => void;
  readonly frame: (frame: Frame) => void;
  readonly link: (state: 'live' | 'away' | 'refused', reason: string | null) => void;
};

/** Follows until the signal; a stream that was cut is opened again by the client. */
export async function followActivity(
  access: Access,
  hearer: FeedHearer,
  signal: AbortSignal,
): Promise<void> {
  try {
    const events = createClient(access).stream([{ kind: 'activity' }], {
      signal,
      pauseMsMax: reconnectMs,
      connection: (is) => is === 'lost' && hearer.link('away', null),
    });
    for await (const event of events) heard(event, hearer);
    if (!signal.aborted) hearer.link('away', null);
  } catch (error) {
    const isRefused = error instanceof HeddleRequestError && [401, 403].includes(error.status ?? 0);
    hearer.link(isRefused ? 'refused' : 'away', error instanceof Error ? error.message : null);
  }
}

function heard({ event, data }: StreamEvent, hearer: FeedHearer): void {
  if (event === 'open') hearer.link('live', null);
  else if (event === 'reset') hearer.reset(data as unknown as Frame);
  else if (event === 'frame') hearer.frame(data as unknown as Frame);
  else if (event === 'closing' || event === 'end') {
    const { reason } = data;
    hearer.link('away', typeof reason === 'string' ? reason : null);
  }
}
