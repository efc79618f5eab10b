/**
 * Streams of the API as async iterables. docs/streams.md has the events.
 *
 * 1. A stream that ends without saying that nothing will come is opened again, after what was seen last: the server
 *    may have died, or a proxy have cut it.
 * 2. A turn or message that was given before is not given again.
 * 3. A server that never answers, or falls silent, is given up, and another try made.
 * 4. It ends without an error when all is told, or with its signal. When it is refused, before or meanwhile, it throws.
 */
import { HeddleRequestError } from './problem.ts';
import { sseFrames, type SseFrame } from './sse.ts';
import type { AbortLike } from './fetch-like.ts';
import { checkMs, pause, type Transport } from './transport.ts';
import type { Json, RunStatus } from './api-types.ts';

/** What a stream carries. A run or channel begins after the place `after`; a channel without one, at its newest. */
export type Topic =
  | {
      /** Which of these it is. */
      readonly kind: 'run';
      /** The run's id. */
      readonly runId: string;
      /** The place after which it begins. */
      readonly after?: number;
      /** The words. */
      readonly text?: boolean;
    }
  | {
      /** Which of these it is. */
      readonly kind: 'channel';
      /** The channel. */
      readonly channel: string;
      /** The place after which it begins. */
      readonly after?: number;
    }
  | {
      /** Which of these it is. */
      readonly kind: 'runs';
      /** Only runs that fit all of these. */
      readonly filter?: {
        /** The status. */
        readonly status?: readonly RunStatus[];
        /** The agent's name. */
        readonly agent?: string;
        /** The user for whom the run works. */
        readonly user?: string;
        /** The pipeline to which the run belongs. */
        readonly pipeline?: string;
        /** The run that started it; null when none did. */
        readonly parentRunId?: string;
      };
    }
  | {
      /** Which of these it is. */
      readonly kind: 'providers' | 'activity';
    };

/** Options of `stream`. */
export type StreamOptions = {
  /** Where an earlier stream of the same topics stood: the `id` of its last event. */
  readonly lastEventId?: string;
  /** Ends the stream: the iterable ends, without an error. */
  readonly signal?: AbortLike;
  /** A connection on which nothing has come for so long, in ms, is taken for dead. Default 45,000: three heartbeats. */
  readonly silenceMs?: number;
  /**
   * Called with `lost` when the connection has broken off, or could not be made, and with `open` when it is there
   * again: until then what is shown may be old.
   */
  readonly connection?: (is: 'open' | 'lost') => void;
  /** The longest pause between two tries to connect, in ms. Default 5,000. */
  readonly pauseMsMax?: number;
};

/** One event of a stream. */
export type StreamEvent = {
  /** Its name: `turn`, `message`, `delta`, `ended` … */
  readonly event: string;
  /** The place of its topic in the list; null for events of the stream itself. */
  readonly topic: number | null;
  /** For `lastEventId`. */
  readonly id: string;
  /** What comes with it. */
  readonly data: { readonly [key: string]: Json };
};

const firstPauseMs = 50;
const longestPauseMs = 5_000;
/** Frames that a server sends which has nothing to tell, or which fails at once. */
const aboutItself: readonly string[] = ['open', 'start', 'now', 'closing', 'end'];

export async function* follow(
  transport: Transport,
  topics: readonly Topic[],
  {
    lastEventId = '',
    signal,
    silenceMs,
    connection,
    pauseMsMax = longestPauseMs,
  }: StreamOptions = {},
): AsyncGenerator<StreamEvent, void, undefined> {
  if (silenceMs !== undefined) checkMs(silenceMs, 'silenceMs');
  checkMs(pauseMsMax, 'pauseMsMax');
  const seen = new Map<number, number>();
  let id = lastEventId;
  const isOver = (): boolean => signal?.aborted === true;
  for (let pauseMs = firstPauseMs; !isOver();) {
    try {
      const headers = id === '' ? {} : { 'last-event-id': id };
      const asked = { body: { topics }, headers, ...(signal === undefined ? {} : { signal }) };
      const { bytes, end } = await transport.stream('/v1/stream', asked);
      connection?.('open');
      try {
        for await (const frame of sseFrames(bytes, silenceMs)) {
          if (!aboutItself.includes(frame.event)) pauseMs = firstPauseMs;
          if (frame.id !== '') id = frame.id;
          const event = eventOf(frame, id);
          if (isNew(event, seen)) yield event;
          if (event.event === 'end' && event.data['resume'] !== true) return endedBy(event);
        }
      } finally {
        end();
      }
    } catch (error) {
      if (isOver()) return;
      // A refusal stays one. What broke off, or is away for a while, is asked again.
      if (error instanceof HeddleRequestError && !error.retryable) throw error;
    }
    if (isOver()) return;
    connection?.('lost');
    try {
      await pause(pauseMs, signal);
    } catch {
      return;
    }
    pauseMs = Math.min(pauseMs * 2, pauseMsMax);
  }
}

/** Throws when a stream is over because who follows it may do so no more: what it carried goes on. */
function endedBy({ data: { reason } }: StreamEvent): void {
  if (typeof reason !== 'string' || reason === 'complete') return;
  const detail = `The stream was ended: ${reason}`;
  const status = reason.startsWith('token-') ? 401 : 403;
  throw new HeddleRequestError({ code: reason, detail, status, retryable: false });
}

function eventOf({ event, data }: SseFrame, id: string): StreamEvent {
  const fields = JSON.parse(data) as StreamEvent['data'];
  const { topic } = fields;
  return { event, id, topic: typeof topic === 'number' ? topic : null, data: fields };
}

/** Logs have places that only grow. */
function isNew({ event, topic, data }: StreamEvent, seen: Map<number, number>): boolean {
  const place = event === 'turn' ? data['turn'] : event === 'message' ? data['seq'] : null;
  if (topic === null || typeof place !== 'number') return true;
  if (place <= (seen.get(topic) ?? 0)) return false;
  seen.set(topic, place);
  return true;
}
