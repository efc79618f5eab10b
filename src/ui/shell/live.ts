/**
 * One stream for a page: it carries all the topics that the page follows, because a browser opens six connections to a
 * server and no more. It is opened again by itself, and closed while the tab is hidden for long.
 */
import { signal, type Signal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { StreamEvent, StreamOptions, Topic } from '../../client/index.ts';
import { client } from './access.ts';
import { noteRefusal } from './ask.ts';
import { reconnectMs } from './reconnect.ts';

export type LinkState = 'connecting' | 'live' | 'away';

/** A tab that nobody has seen for so long lets its stream go. */
const hiddenMs = 30_000;

/** The page's stream is lost: what it shows may be old, and the shell says so. */
export const isAway = signal(false);

/** `heard` is called in the order of the events; `topics` are compared by what they say. */
export function useStream(
  topics: readonly Topic[],
  heard: (event: StreamEvent) => void,
  lastEventId?: string,
): Signal<LinkState> {
  const state = useMemo(() => signal<LinkState>('connecting'), []);
  const newest = useRef(heard);
  newest.current = heard;
  const said = JSON.stringify(topics);
  const on = client.value;
  const from = useRef(lastEventId);
  useEffect(() => {
    let stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const open = async (): Promise<void> => {
      const { signal: ended } = stop;
      const options: StreamOptions = {
        signal: ended,
        pauseMsMax: reconnectMs,
        connection: (is) => {
          if (is === 'lost' && !ended.aborted) state.value = 'away';
          isAway.value = state.value === 'away';
        },
        ...(from.current === undefined ? {} : { lastEventId: from.current }),
      };
      try {
        for await (const event of on.stream(JSON.parse(said) as Topic[], options)) {
          if (ended.aborted) return;
          state.value = event.event === 'closing' || event.event === 'end' ? 'away' : 'live';
          isAway.value = event.event === 'closing';
          if (event.id !== '') from.current = event.id;
          newest.current(event);
        }
      } catch (error) {
        noteRefusal(error);
        state.value = 'away';
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
    if (JSON.parse(said).length > 0) void open();
    document.addEventListener('visibilitychange', seen);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
      stop.abort();
      isAway.value = false;
    };
  }, [on, said, state]);
  return state;
}
