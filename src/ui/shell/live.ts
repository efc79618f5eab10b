/**
 * One stream for a page: it carries all the topics that the page follows, because a browser opens six connections to a
 * server and no more. It is opened again by itself, and closed while the tab is hidden for long. Where it is refused the
 * shell says so, because what the page shows does not move then, and it is asked for again after a while; not where
 * another token is needed.
 */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { StreamEvent, StreamOptions, Topic } from '../../client/index.ts';
import { client } from './access.ts';
import { noteRefusal } from './ask.ts';
import { isForbidden, paused, reconnectMs, refusedMs } from './reconnect.ts';
import { suspectAbsence } from './trouble/pulse.ts';

/** A tab that nobody has seen for so long lets its stream go. */
const hiddenMs = 30_000;

/** The page's stream is lost, and is opened again: what the page shows may be old, and the shell says so. */
export const isCut = signal(false);
/** Why it is not open, in words; null: it just broke off. */
export const cutWhy = signal<string | null>(null);

/** A stream of the page was lost, or is there again. Whether heddle itself is away, the pulse knows. */
export function streamLost(isLost: boolean, why: string | null = null): void {
  isCut.value = isLost;
  cutWhy.value = why;
  if (isLost) suspectAbsence();
}
/** Why the page's stream was refused, in words; null: it was not. */
export const refusal = signal<string | null>(null);

/** `heard` is called in the order of the events; `topics` are compared by what they say. Without topics there is no stream. */
export function useStream(topics: readonly Topic[], heard: (event: StreamEvent) => void): void {
  const newest = useRef(heard);
  newest.current = heard;
  const said = JSON.stringify(topics);
  const on = client.value;
  useEffect(() => {
    const of = JSON.parse(said) as Topic[];
    if (of.length === 0) return undefined;
    let stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    /** Where the stream stood. Another caller's stream, or one of other topics, begins anew. */
    let lastEventId: string | undefined;
    const open = async (): Promise<void> => {
      const { signal: ended } = stop;
      const lost = (isLost: boolean): void => {
        if (!ended.aborted) streamLost(isLost);
      };
      const options: StreamOptions = {
        signal: ended,
        pauseMsMax: reconnectMs,
        // What is shown is new again with the first event.
        connection: (is) => is === 'lost' && lost(true),
        ...(lastEventId === undefined ? {} : { lastEventId }),
      };
      try {
        for await (const event of on.stream(of, options)) {
          if (ended.aborted) return;
          lost(event.event === 'closing');
          refusal.value = null;
          if (event.id !== '') lastEventId = event.id;
          newest.current(event);
        }
      } catch (error) {
        if (ended.aborted) return;
        noteRefusal(error);
        lost(false);
        refusal.value = error instanceof Error ? error.message : String(error);
        if (isForbidden(error)) return;
        await paused(refusedMs, ended);
        if (!ended.aborted) void open();
      }
    };
    const seen = (): void => {
      clearTimeout(timer);
      if (document.hidden) timer = setTimeout(() => stop.abort(), hiddenMs);
      else if (stop.signal.aborted) {
        stop = new AbortController();
        void open();
      }
    };
    void open();
    document.addEventListener('visibilitychange', seen);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
      stop.abort();
      streamLost(false);
      refusal.value = null;
    };
  }, [on, said]);
}
