/**
 * Answers while they come, for programs that show them: text, reasoning and tool calls. Nothing of it is
 * committed: an attempt may fail in its middle, and what was shown of it is then void.
 *
 * Owns the listeners. A run without listeners costs nothing here. No piece is kept for listeners that come
 * later: the whole answer stands in the journal. When a listener throws, a warning is logged, and neither
 * the call whose pieces it hears nor another listener is harmed.
 */
import type { Observable, Observer } from 'rxjs';
import { Subject } from 'rxjs/internal/Subject';
import type { ModelDelta } from '../../domain/catalogue.ts';
import type { RunId } from '../../domain/ids.ts';
import { propertyOf, thrownText } from '../../domain/thrown.ts';
import { observableOutside } from '../host/outside-observable.ts';
import type { Log } from '../ports.ts';

/** A piece of the text of a model's answer, while it comes. */
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

/** A piece of a model's answer, while it comes: of its text, its reasoning or a tool call. */
export type CallDelta = ModelDelta & {
  /** The run whose call it is. */
  readonly runId: RunId;
  /** The run's `generate`. */
  readonly invocationId: string;
  /** This piece begins an attempt: all that came of this invocation before it is void. */
  readonly isFirst: boolean;
};

/** `isFirstText`: the first text of its attempt, for those who hear only texts. */
type Told = { readonly delta: CallDelta; readonly isFirstText: boolean };
/** What a listener of one kind hears of a piece; null: nothing. */
type Heard<Piece> = (told: Told) => Piece | null;
type UntilItEnds<Piece> = (listener: Observer<Piece>) => () => void;

const wholeDelta: Heard<CallDelta> = ({ delta }) => delta;
const textAlone: Heard<TextDelta> = ({ delta, isFirstText }) => {
  if (delta.type !== 'text') return null;
  const { runId, invocationId, text } = delta;
  return { runId, invocationId, text, isFirst: isFirstText };
};

/** The doors of one kind of piece: of all runs, and of one. */
export type Door<Piece> = {
  readonly all: Observable<Piece>;
  /** `untilItEnds` ends the listener with the run; its result stops that. */
  run(runId: RunId, untilItEnds: UntilItEnds<Piece>): Observable<Piece>;
};

export class Texts {
  readonly #byRun = new Map<RunId, Subject<Told>>();
  readonly #all = new Subject<Told>();
  readonly #log: Log;
  /** The texts alone. */
  readonly texts = this.#door(textAlone);
  /** Text, reasoning and tool calls. */
  readonly deltas = this.#door(wholeDelta);

  constructor(log: Log) {
    this.#log = log;
  }

  #door<Piece>(heard: Heard<Piece>): Door<Piece> {
    const failed = (thrown: unknown): void => this.#failed(thrown);
    const all = observableOutside<Piece>(failed, (listener) => hear(this.#all, heard, listener));
    return {
      all,
      run: (runId, untilItEnds) =>
        observableOutside<Piece>(failed, (listener) => {
          const leave = this.#listen(runId, heard, listener);
          const lookNoMore = untilItEnds(listener);
          return () => {
            leave();
            lookNoMore();
          };
        }),
    };
  }

  /** One subject per run, kept while it has listeners: a piece costs nothing for listeners of other runs. */
  #listen<Piece>(runId: RunId, heard: Heard<Piece>, listener: Observer<Piece>): () => void {
    const subject = this.#byRun.get(runId) ?? new Subject<Told>();
    this.#byRun.set(runId, subject);
    const leave = hear(subject, heard, listener);
    return () => {
      leave();
      if (!subject.observed && this.#byRun.get(runId) === subject) this.#byRun.delete(runId);
    };
  }

  #failed(thrown: unknown): void {
    this.#log.warn('a listener of texts failed', { reason: thrownText(thrown) });
  }

  /**
   * Returns what passes the pieces of one attempt to listeners, until `isOver` says that the attempt has
   * ended. A provider is code of a host: what is no piece is not passed on.
   */
  ofAttempt(
    { runId, invocationId }: { readonly runId: RunId; readonly invocationId: string },
    isOver: () => boolean,
  ): (piece: ModelDelta) => void {
    let isFirst = true;
    let isFirstText = true;
    return (piece) => {
      if (isOver() || !isDelta(piece)) return;
      const begins = { isFirst, isFirstText };
      isFirst = false;
      if (piece.type === 'text') isFirstText = false;
      const subject = this.#byRun.get(runId);
      if (subject === undefined && !this.#all.observed) return;
      const delta = { ...piece, runId, invocationId, isFirst: begins.isFirst };
      const told = { delta, isFirstText: begins.isFirstText };
      subject?.next(told);
      this.#all.next(told);
    };
  }

  close(): void {
    for (const subject of this.#byRun.values()) subject.complete();
    this.#all.complete();
    this.#byRun.clear();
  }
}

function hear<Piece>(
  subject: Subject<Told>,
  heard: Heard<Piece>,
  listener: Observer<Piece>,
): () => void {
  const subscription = subject.subscribe({
    next: (told) => {
      const piece = heard(told);
      if (piece !== null) listener.next(piece);
    },
    complete: () => listener.complete(),
  });
  return () => subscription.unsubscribe();
}

function isDelta(piece: unknown): piece is ModelDelta {
  const type = propertyOf(piece, 'type');
  if (type === 'tool-call') return typeof propertyOf(piece, 'inputText') === 'string';
  const isText = type === 'text' || type === 'reasoning';
  return isText && typeof propertyOf(piece, 'text') === 'string';
}
