/**
 * What a page asks of the API. A newer question supersedes an older one; until it is answered the old answer stays. What
 * was answered to another token, or of another tenant, is not shown.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { HeddleRequestError, type Client } from '../../client/index.ts';
import { client, isRefused, isUnknown } from './access.ts';
import { QuestionOrder } from './ask/question-order.ts';
import { isAbsence } from './trouble/trouble-words.ts';
import { returns, suspectAbsence } from './trouble/pulse.ts';

export type Answer<Value> = {
  /** Null: nothing has been answered yet. */
  readonly value: Value | null;
  readonly trouble: Error | null;
  /** Asks again; where an answer is outstanding, once it is there. */
  readonly again: () => void;
};

type State<Value> = Pick<Answer<Value>, 'value' | 'trouble'> & { readonly of: Client | null };

/** Asked anew whenever one of `of` changes. */
export function useAnswer<Value>(
  ask: (client: Client) => Promise<Value>,
  of: readonly unknown[],
): Answer<Value> {
  const [state, setState] = useState<State<Value>>({ value: null, trouble: null, of: null });
  const [round, setRound] = useState(0);
  const { current: order } = useRef(new QuestionOrder());
  const on = client.value;
  useEffect(() => {
    const id = order.begun();
    const told = (value: Value | null, trouble: Error | null): void => {
      const ended = order.ended(id);
      if (ended === null) return;
      if (trouble !== null) noteRefusal(trouble);
      // A question that was refused leaves what was answered to the same caller before.
      setState((before) => {
        const kept = trouble !== null && before.of === on ? before.value : value;
        return { value: kept, trouble, of: on };
      });
      if (ended.isDue) setRound((n) => n + 1);
    };
    ask(on).then(
      (value) => told(value, null),
      (error: unknown) => told(null, error instanceof Error ? error : new Error(String(error))),
    );
    // What was asked while heddle was away is asked again when it is back.
  }, [on, round, returns.value, ...of]);
  const { value, trouble } = state.of === on ? state : { value: null, trouble: null };
  return {
    value,
    trouble,
    again: () => {
      if (order.again()) setRound((n) => n + 1);
    },
  };
}

/** Without a token, or with one that is not known any more, the page asks for one. Where nobody answers, the pulse is felt. */
export function noteRefusal(error: unknown): void {
  if (!(error instanceof HeddleRequestError)) return;
  if (error.status === 401) {
    isUnknown.value = error.code === 'token-refused';
    isRefused.value = true;
  }
  if (isAbsence(error)) suspectAbsence();
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
