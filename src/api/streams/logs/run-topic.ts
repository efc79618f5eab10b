/**
 * The journal of one run, turn by turn, and what its models say meanwhile.
 *
 * It owns what was read and not yet sent: one page at most.
 *
 * 1. A turn is sent once, in order, and none is left out: the store is read after the last turn that was read,
 *    whoever brought word.
 * 2. It is over when the run has ended and all of its turns were sent.
 * 3. Text of models is not durable: what does not find room is left out, and the client is told so.
 */
import type { JournalEntry } from '../../../domain/event.ts';
import type { RunId } from '../../../domain/ids.ts';
import type { OneTenant } from '../../../domain/scope.ts';
import { noPhase, type RunPhase } from '../../../domain/calls/phase.ts';
import type { Interest, News, RunNews } from '../../../library/live/news.ts';
import type { JournalRow } from '../../../store/rows.ts';
import type { RunHead, RunLog, RunLogRead } from '../../../store/watch-port.ts';
import type { NewsBoard } from '../news-board.ts';
import type { Reach } from '../reach.ts';
import type { Topic, TopicFrame } from '../topic.ts';
import type { LogReader, RunReader } from './log-reader.ts';

const pageTurns = 50;
const textsMax = 256;

export type RunTopicOptions = {
  readonly scope: OneTenant;
  readonly runId: RunId;
  /** The turn that the client has seen. */
  readonly after: number;
  readonly text: boolean;
  /** False: turns come without the events that they took. */
  readonly entries: boolean;
  readonly board: NewsBoard;
  readonly reader: LogReader;
  readonly reach: Reach;
};

export class RunTopic implements Topic, RunReader {
  readonly kind = 'run';
  readonly isLog = true;
  readonly #options: RunTopicOptions;
  readonly #leave: (() => void)[] = [];
  #ready: () => void = () => undefined;
  #read: number;
  #rows: JournalRow[] = [];
  #head: RunHead | null = null;
  /** How it goes on when the rows are sent. */
  #then: 'waits' | 'reads' | 'ends' | 'is-gone' = 'waits';
  #texts: TopicFrame[] = [];
  #now: TopicFrame | null = null;
  #toldNow = '';
  /** A turn's frame tells its status, so `now` need not. */
  #toldStatus = '';
  #phase: RunPhase & Pick<RunNews, 'place'> = { ...noPhase, place: null };
  #hasStarted = false;
  #isOver = false;

  constructor(options: RunTopicOptions) {
    this.#options = options;
    this.#read = options.after;
  }

  get about(): Readonly<Record<string, unknown>> {
    const { runId, after, text, entries } = this.#options;
    return { kind: 'run', runId, after, text, entries };
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Who owns the run is not known, or does not tell. */
  get isUnsure(): boolean {
    return this.#head === null || !this.#options.reach.reaches(this.#head.shard);
  }

  begin(ready: () => void): void {
    const { scope, runId, board, reader, reach, text } = this.#options;
    const { tenant } = scope;
    this.#ready = ready;
    const follow = (interest: Interest, heard: (news: News) => void): void => {
      this.#leave.push(board.follow(interest, { heard, missed: () => this.#ask() }));
    };
    follow({ kind: 'run', tenant, runId }, (news) => this.#word(news));
    if (text) follow({ kind: 'text', tenant, runId }, (news) => this.#text(news));
    this.#leave.push(reach.onChange(() => this.#tellNow()));
    this.#leave.push(reader.join(this));
  }

  next(): RunLogRead | null {
    if (this.#rows.length > 0 || this.#then === 'ends' || this.#then === 'is-gone') {
      if (this.#then === 'waits') this.#then = 'reads';
      return null;
    }
    const { scope, runId } = this.#options;
    return { scope, runId, afterTurn: this.#read, limit: pageTurns };
  }

  page(log: RunLog | null): void {
    if (log === null) {
      // Nothing of it is kept any more.
      this.#then = 'is-gone';
      return this.#ready();
    }
    const isFirst = this.#head === null;
    this.#head = log.head;
    this.#rows.push(...log.rows);
    const last = this.#rows.at(-1);
    this.#read = last?.turn ?? this.#read;
    this.#toldStatus = last?.status ?? this.#toldStatus;
    if (log.rows.length === pageTurns) this.#then = 'reads';
    else if (log.head.endedAtMs !== null) this.#then = 'ends';
    else this.#then = 'waits';
    this.#tellNow();
    if (isFirst || this.#rows.length > 0 || this.#then === 'ends') this.#ready();
  }

  take(most: number): readonly TopicFrame[] {
    const frames: TopicFrame[] = [];
    if (this.#head === null && this.#then !== 'is-gone') return frames;
    if (!this.#hasStarted) {
      this.#hasStarted = true;
      const { after } = this.#options;
      frames.push({ event: 'start', place: after, data: { after, turn: this.#head?.turn ?? 0 } });
    }
    if (this.#now !== null) frames.push(this.#now);
    this.#now = null;
    frames.push(...this.#texts.splice(0, most));
    for (const row of this.#rows.splice(0, Math.max(0, most - frames.length))) {
      frames.push(turnFrame(row, this.#options.entries));
    }
    if (this.#rows.length === 0) this.#goOn(frames);
    return frames;
  }

  close(): void {
    for (const leave of this.#leave.splice(0)) leave();
  }

  #goOn(frames: TopicFrame[]): void {
    if (this.#then === 'reads') {
      this.#then = 'waits';
      this.#options.reader.ask(this);
    } else if (this.#then === 'ends' || this.#then === 'is-gone') {
      if (this.#isOver) return;
      this.#isOver = true;
      const { status = null, reason = null, turn = null } = this.#head ?? {};
      const data = this.#then === 'ends' ? { status, reason, turn } : { status: 'gone' };
      frames.push({ event: 'ended', data });
    }
  }

  #ask(): void {
    this.#options.reader.ask(this);
  }

  /** A phase is in no row, so the log is read only for word of a row. */
  #word(news: News): void {
    if (news.kind !== 'run') return;
    const { phase, provider, place } = news;
    this.#phase = { phase, provider, place };
    if (news.row) this.#ask();
    this.#tellNow();
  }

  #text(news: News): void {
    if (news.kind !== 'text' || this.#isOver) return;
    const { runId: _, ...delta } = news.delta;
    if (this.#texts.length < textsMax) {
      this.#texts.push({ event: 'delta', data: { ...delta, durable: false } });
    } else if (this.#texts.length === textsMax) {
      const { invocationId } = delta;
      this.#texts.push({ event: 'delta', data: { invocationId, left: true, durable: false } });
    }
    this.#ready();
  }

  /** What is known of the run beside its turns, and how well. */
  #tellNow(): void {
    if (this.#head === null || this.#isOver) return;
    const { shard, status, turn } = this.#head;
    const why = this.#options.reach.whyNot(shard);
    const data =
      why === null
        ? { status, turn, live: true, ...this.#phase }
        : { status, turn, live: false, phase: 'unknown', place: 'unknown', text: 'unknown', why };
    const { status: _, turn: __, ...rest } = data;
    const text = JSON.stringify(rest);
    if (text === this.#toldNow && status === this.#toldStatus) return;
    this.#toldNow = text;
    this.#toldStatus = status;
    this.#now = { event: 'now', data };
    this.#ready();
  }
}

function turnFrame({ entriesText, ...row }: JournalRow, withEntries: boolean): TopicFrame {
  const { turn, build, status, atMs } = row;
  const data = { turn, build, status, atMs };
  if (!withEntries) return { event: 'turn', place: turn, data };
  const entries = JSON.parse(entriesText) as readonly JournalEntry[];
  return { event: 'turn', place: turn, data: { ...data, entries } };
}
