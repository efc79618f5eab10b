/**
 * One client's stream: what its topics have, in turns, as fast as the client takes it.
 *
 * It owns the client's places in its logs, and how the stream ends. It leaves to each topic what is kept until
 * it can be sent.
 *
 * 1. The last frame of a stream that the server ends is `end`. It says whether the client should come again
 *    (`resume`), and `closing` before it says why.
 * 2. A client that takes nothing for `stallMs` is let go, with its topics. When the stream ends, none is waited for.
 * 3. A stream that is no longer allowed ends within `allowedMs`.
 */
import { HeddleError } from '../../domain/errors.ts';
import { thrownText } from '../../domain/thrown.ts';
import { idOf, type Places } from './places.ts';
import type { Clock, Log } from '../../library/live/live.ts';
import type { Frame, SseWriter } from './sse/writer.ts';
import type { Topic, TopicFrame } from './topic.ts';

const framesOfTurn = 32;
const allowedMs = 1_000;

export type StreamOptions = {
  readonly writer: SseWriter;
  readonly topics: readonly Topic[];
  /** Rejects when the caller may see this no more. */
  readonly allowed: () => Promise<unknown>;
  readonly clock: Clock;
  readonly log: Log;
};

type End =
  | { readonly kind: 'complete' }
  | { readonly kind: 'closing'; readonly why: 'slow' | 'stop' | 'fault' }
  | { readonly kind: 'refused'; readonly code: string };

export class Stream {
  readonly #options: StreamOptions;
  /** The topics that are logs, by their index among all. */
  readonly #places: (number | null)[];
  #end: End | null = null;
  #wake: () => void = () => undefined;
  #isReady = true;
  #cancelAsking: () => void = () => undefined;

  constructor(options: StreamOptions, places: Places) {
    this.#options = options;
    this.#places = [...places];
  }

  /** Resolves when the client has gone or was let go. */
  async run(): Promise<void> {
    const { writer, topics, log } = this.#options;
    writer.onGone(() => this.#ready());
    try {
      for (const topic of topics) topic.begin(() => this.#ready());
      this.#askAgain();
      const about = topics.map((topic) => topic.about);
      await this.#send({ event: 'open', data: { topics: about } });
      await this.#pump();
    } catch (error) {
      log.warn('a stream failed', { error: thrownText(error) });
      this.close('fault');
    } finally {
      this.#cancelAsking();
      for (const topic of topics) topic.close();
      this.#finish();
    }
  }

  close(why: 'stop' | 'fault'): void {
    this.#endWith({ kind: 'closing', why });
  }

  async #pump(): Promise<void> {
    const { topics, writer } = this.#options;
    while (this.#end === null && !writer.isGone) {
      this.#isReady = false;
      let sent = 0;
      for (const [index, topic] of topics.entries()) {
        for (const frame of topic.take(framesOfTurn)) {
          sent += 1;
          await this.#sendOf(index, frame);
          if (this.#end !== null || writer.isGone) return;
        }
      }
      if (topics.length > 0 && topics.every(({ isOver }) => isOver)) {
        return this.#endWith({ kind: 'complete' });
      }
      if (sent === 0) await this.#untilReady();
    }
  }

  async #sendOf(index: number, { event, place, data }: TopicFrame): Promise<void> {
    const frame = { event, data: { topic: index, ...data } };
    if (place === undefined) return this.#send(frame);
    this.#places[index] = place;
    const logs = this.#options.topics.flatMap((topic, i) =>
      topic.isLog ? [this.#places[i] ?? null] : [],
    );
    return this.#send({ ...frame, id: idOf(logs) });
  }

  async #send(frame: Frame): Promise<void> {
    const sent = await this.#options.writer.send(frame);
    if (sent === 'stalled') this.#endWith({ kind: 'closing', why: 'slow' });
  }

  #ready(): void {
    this.#isReady = true;
    this.#wake();
  }

  #untilReady(): Promise<void> {
    if (this.#isReady) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #endWith(end: End): void {
    this.#end ??= end;
    this.#options.writer.hurry();
    this.#ready();
  }

  #finish(): void {
    const end = this.#end;
    if (end === null) return;
    const resume = end.kind === 'closing';
    const reason =
      end.kind === 'closing' ? end.why : end.kind === 'refused' ? end.code : 'complete';
    const last = { event: 'end', data: { reason, resume } };
    const closing = { event: 'closing', data: { reason } };
    this.#options.writer.end(resume ? [closing, last] : [last]);
  }

  /** A token may be revoked while its stream is open. */
  #askAgain(): void {
    const { clock, allowed } = this.#options;
    this.#cancelAsking = clock.setTimer(allowedMs, () => {
      void allowed().then(
        () => {
          if (this.#end === null && !this.#options.writer.isGone) this.#askAgain();
        },
        (error: unknown) => this.#refused(error),
      );
    });
  }

  #refused(error: unknown): void {
    // A database that is away refuses nobody: the client comes again and is asked then.
    const isRefusal = error instanceof HeddleError && error.status >= 400 && error.status < 500;
    if (isRefusal) this.#endWith({ kind: 'refused', code: error.code });
    else this.close('fault');
  }
}
