/**
 * One channel, message by message.
 *
 * It owns what was read and not yet sent: one page at most.
 *
 * 1. A message is sent once, in order. Numbers that the store has pruned are named; none is left out in silence.
 */
import type { OneTenant } from '../../../domain/scope.ts';
import type { ChannelLog, ChannelLogRead } from '../../../store/watch-port.ts';
import type { MessageRow } from '../../../store/rows.ts';
import type { NewsBoard } from '../news-board.ts';
import type { Topic, TopicFrame } from '../topic.ts';
import type { ChannelReader, LogReader } from './log-reader.ts';

const pageMessages = 50;

export type ChannelTopicOptions = {
  readonly scope: OneTenant;
  readonly channel: string;
  /** The number that the client has seen; null: it begins at the newest. */
  readonly after: number | null;
  readonly board: NewsBoard;
  readonly reader: LogReader;
};

export class ChannelTopic implements Topic, ChannelReader {
  readonly kind = 'channel';
  readonly isLog = true;
  /** A process that serves nobody may publish: nobody brings word of that. */
  readonly isUnsure = true;
  readonly isOver = false;
  readonly #options: ChannelTopicOptions;
  readonly #leave: (() => void)[] = [];
  #ready: () => void = () => undefined;
  #read: number | null;
  #rows: MessageRow[] = [];
  #isMore = false;
  #sent: number | null = null;

  constructor(options: ChannelTopicOptions) {
    this.#options = options;
    this.#read = options.after;
  }

  get about(): Readonly<Record<string, unknown>> {
    const { channel, after } = this.#options;
    return { kind: 'channel', channel, after };
  }

  begin(ready: () => void): void {
    const { scope, channel, board, reader } = this.#options;
    const { tenant } = scope;
    this.#ready = ready;
    const ask = (): void => reader.ask(this);
    const follower = { heard: ask, missed: ask };
    this.#leave.push(board.follow({ kind: 'channel', tenant, channel }, follower));
    this.#leave.push(reader.join(this));
  }

  next(): ChannelLogRead | null {
    if (this.#rows.length > 0) {
      this.#isMore = true;
      return null;
    }
    const { scope, channel } = this.#options;
    return { scope, channel, after: this.#read, limit: pageMessages };
  }

  page({ after, rows }: ChannelLog): void {
    const isFirst = this.#read === null || this.#sent === null;
    this.#read = rows.at(-1)?.seq ?? after;
    this.#sent ??= after;
    this.#rows.push(...rows);
    this.#isMore = rows.length === pageMessages;
    if (isFirst) this.#start = { event: 'start', place: after, data: { after } };
    if (isFirst || rows.length > 0) this.#ready();
  }

  #start: TopicFrame | null = null;

  take(most: number): readonly TopicFrame[] {
    const frames: TopicFrame[] = [];
    if (this.#start !== null) frames.push(this.#start);
    this.#start = null;
    for (const row of this.#rows.splice(0, most)) {
      const before = this.#sent ?? row.seq - 1;
      if (row.seq > before + 1) {
        frames.push({ event: 'pruned', data: { from: before + 1, to: row.seq - 1 } });
      }
      this.#sent = row.seq;
      frames.push({ event: 'message', place: row.seq, data: { ...row } });
    }
    if (this.#rows.length === 0 && this.#isMore) {
      this.#isMore = false;
      this.#options.reader.ask(this);
    }
    return frames;
  }

  close(): void {
    for (const leave of this.#leave.splice(0)) leave();
  }
}
