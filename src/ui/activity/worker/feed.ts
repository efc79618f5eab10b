/**
 * The activity stream, decoded: rows and their states, counts, gates. It owns no picture; it tells what has changed.
 */
import { createClient, type StreamEvent } from '../../../client/index.ts';
import type { Access } from '../../shell/ask/asker.ts';
import { isForbidden, paused, reconnectMs, refusedMs } from '../../shell/reconnect.ts';
import type { Frame } from './frames.ts';

export type FeedHearer = {
  readonly reset: (frame: Frame) => void;
  readonly frame: (frame: Frame) => void;
  readonly link: (state: 'live' | 'away' | 'refused', reason: string | null) => void;
};

/**
 * Follows until the signal, or until who asks may not. A stream that was cut is opened again by the client, and one that
 * was refused for another reason here.
 */
export async function followActivity(
  access: Access,
  hearer: FeedHearer,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const events = createClient(access).stream([{ kind: 'activity' }], {
        signal,
        pauseMsMax: reconnectMs,
        connection: (is) => is === 'lost' && hearer.link('away', null),
      });
      for await (const event of events) heard(event, hearer);
      if (!signal.aborted) hearer.link('away', null);
    } catch (error) {
      if (signal.aborted) return;
      const why = error instanceof Error ? error.message : String(error);
      if (isForbidden(error)) return hearer.link('refused', why);
      hearer.link('away', why);
    }
    await paused(refusedMs, signal);
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
