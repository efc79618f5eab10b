/**
 * What a page asks of the API. A newer question supersedes an older one; until it is answered the old answer stays, and
 * the page says that it is old.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { HeddleRequestError, type Client } from '../../client/index.ts';
import { client, isRefused } from './access.ts';
import { returns } from './trouble/pulse.ts';

export type Answer<Value> = {
  /** Null: nothing has been answered yet. */
  readonly value: Value | null;
  readonly trouble: Error | null;
  /** The value is of an earlier question, or is being asked for again. */
  readonly isOld: boolean;
  /** Asks again. */
  readonly again: () => void;
};

/** Asked anew whenever one of `of` changes. While the tab is hidden nothing is asked. */
export function useAnswer<Value>(
  ask: (client: Client) => Promise<Value>,
  of: readonly unknown[],
): Answer<Value> {
  const [state, setState] = useState<Omit<Answer<Value>, 'again'>>({
    value: null,
    trouble: null,
    isOld: true,
  });
  const [round, setRound] = useState(0);
  const newest = useRef(0);
  const on = client.value;
  useEffect(() => {
    const id = ++newest.current;
    setState(({ value, trouble }) => ({ value, trouble, isOld: true }));
    ask(on).then(
      (value) => {
        if (id === newest.current) setState({ value, trouble: null, isOld: false });
      },
      (error: unknown) => {
        if (id !== newest.current) return;
        noteRefusal(error);
        const trouble = error instanceof Error ? error : new Error(String(error));
        setState(({ value }) => ({ value, trouble, isOld: true }));
      },
    );
    // What was asked while heddle was away is asked again when it is back.
  }, [on, round, returns.value, ...of]);
  return { ...state, again: () => setRound((n) => n + 1) };
}

/** Without a token, or with one that is not known any more, the page asks for one. */
export function noteRefusal(error: unknown): void {
  if (error instanceof HeddleRequestError && error.status === 401) isRefused.value = true;
}

/** Asks again every so many ms while the page is seen. */
export function useAgain(again: () => void, everyMs: number): void {
  const newest = useRef(again);
  newest.current = again;
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) newest.current();
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
}
