/**
 * Text of answers while it comes, for programs that show it. It is never committed: an attempt may fail in
 * its middle, and the text that was shown of it is then void.
 *
 * Owns the listeners. A run without listeners costs nothing here. No text is kept for listeners that come
 * later: the whole answer stands in the journal. When a listener throws, a warning is logged, and neither
 * the call whose text it hears nor another listener is harmed.
 */
import type { Observable, Observer } from 'rxjs';
import { Subject } from 'rxjs/internal/Subject';
import type { RunId } from '../../domain/ids.ts';
import { thrownText } from '../../domain/thrown.ts';
import { observableOutside } from '../host/outside-observable.ts';
import type { Log } from '../ports.ts';

/** A piece of a model's answer, while it comes. */
export type TextDelta = {
  /** The run whose call it is. */
  readonly runId: RunId;
  /** The run's `generate`. */
  readonly invocationId: string;
  /** The text that came since the piece before. */
  readonly text: string;
  /** This piece begins an attempt: the text of this invocation before it is void. */
  readonly isFirst: boolean;
};

export class Texts {
  readonly #byRun = new Map<RunId, Subject<TextDelta>>();
  readonly #all = new Subject<TextDelta>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** The texts of all runs. */
  get all(): Observable<TextDelta> {
    return observableOutside(this.#failed, (listener) => {
      const subscription = this.#all.subscribe(listener);
      return () => subscription.unsubscribe();
    });
  }

  /** The texts of one run. `untilItEnds` ends the listener with the run; its result stops that. */
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

  /** One subject per run, kept while it has listeners: a text costs nothing for listeners of other runs. */
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

  /** Returns what passes the text of one attempt to listeners, until `isOver` says that the attempt has ended. */
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
