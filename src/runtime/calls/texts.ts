/**
 * Text of answers while it comes, for whoever shows it. It is never committed: an attempt may fail in
 * its middle, and what was shown of it is then worth nothing.
 *
 * Owns the listeners. Nothing is made for a run that nobody listens to, and nothing is kept for late
 * ones: what the answer was in the end stands in the journal. A listener that throws is warned of and
 * harms neither the call whose text it hears nor another listener.
 */
import type { Observable, Observer } from 'rxjs';
import { Subject } from 'rxjs/internal/Subject';
import type { RunId } from '../../domain/ids.ts';
import { thrownText } from '../../domain/thrown.ts';
import { observableOutside } from '../host/outside-observable.ts';
import type { Log } from '../ports.ts';

/** A piece of a model's answer, while it comes. */
export type TextDelta = {
  /** The run that asks. */
  readonly runId: RunId;
  /** Its `generate`. */
  readonly invocationId: string;
  /** What came since the piece before. */
  readonly text: string;
  /** It begins an attempt: what came of this invocation before is void. */
  readonly isFirst: boolean;
};

export class Texts {
  readonly #byRun = new Map<RunId, Subject<TextDelta>>();
  readonly #all = new Subject<TextDelta>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Of all runs. */
  get all(): Observable<TextDelta> {
    return observableOutside(this.#failed, (listener) => {
      const subscription = this.#all.subscribe(listener);
      return () => subscription.unsubscribe();
    });
  }

  /** Of one run; `untilItEnds` says when there is no more to hear, and gives what ends its looking. */
  run(
    runId: RunId,
    untilItEnds: (listener: Observer<TextDelta>) => () => void,
  ): Observable<TextDelta> {
    return observableOutside(this.#failed, (listener) => {
      const leave = this.#listen(runId, listener);
      const lookNoMore = untilItEnds(listener);
      return () => {
        leave();
        lookNoMore();
      };
    });
  }

  /** One subject per run, kept only while somebody listens: never one for all with a filter. */
  #listen(runId: RunId, listener: Observer<TextDelta>): () => void {
    const subject = this.#byRun.get(runId) ?? new Subject<TextDelta>();
    this.#byRun.set(runId, subject);
    const subscription = subject.subscribe(listener);
    return () => {
      subscription.unsubscribe();
      if (!subject.observed && this.#byRun.get(runId) === subject) this.#byRun.delete(runId);
    };
  }

  readonly #failed = (thrown: unknown): void => {
    this.#log.warn('a listener of texts failed', { reason: thrownText(thrown) });
  };

  /** What hears the text of one attempt, until `isOver` says that it is nobody's any more. */
  ofAttempt(
    { runId, invocationId }: { readonly runId: RunId; readonly invocationId: string },
    isOver: () => boolean,
  ): (text: string) => void {
    let isFirst = true;
    return (text) => {
      if (isOver()) return;
      const begins = isFirst;
      isFirst = false;
      const subject = this.#byRun.get(runId);
      if (subject === undefined && !this.#all.observed) return;
      const delta = { runId, invocationId, text, isFirst: begins };
      subject?.next(delta);
      this.#all.next(delta);
    };
  }

  close(): void {
    for (const subject of this.#byRun.values()) subject.complete();
    this.#all.complete();
    this.#byRun.clear();
  }
}
