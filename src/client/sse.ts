/**
 * Server-sent events, as the WHATWG's HTML standard has them (section 9.2.6), from bytes: fields in lines, and an
 * empty line at the end of each event. Comments are heartbeats and are left out, as is an event that was cut.
 *
 * 1. Where the bytes are cut makes no difference: a character, a `\r\n` and a line may come in pieces.
 * 2. What is kept is one event at most, and it is bounded.
 * 3. A connection that has died without a word is noticed: heartbeats do not come any more.
 */
import type { ByteStream } from './fetch-like.ts';
import { ringAfter } from './transport.ts';

export type SseFrame = {
  /** The last id that was given; '' before the first. */
  readonly id: string;
  readonly event: string;
  readonly data: string;
};

/** An event may have so many characters; a longer one ends the stream with an error. */
const frameCharsMax = 16_777_216;
/** Three of the server's heartbeats. */
const silenceMsDefault = 45_000;

/** Throws when nothing has come for `silenceMs` though it was waited for: the other side is gone without a word. */
export async function* sseFrames(
  stream: ByteStream,
  silenceMs: number = silenceMsDefault,
): AsyncGenerator<SseFrame, void, undefined> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  const parser = new SseParser();
  try {
    for (;;) {
      const { done, value } = await beforeSilence(reader.read(), silenceMs);
      if (done) return;
      yield* parser.take(decoder.decode(value, { stream: true }));
    }
  } finally {
    // The connection may be gone already, and then there is nothing to end.
    reader.cancel().catch(() => undefined);
  }
}

function beforeSilence<Read>(read: Promise<Read>, silenceMs: number): Promise<Read> {
  return new Promise((resolve, reject) => {
    const silent = (): void => reject(new Error(`nothing has come for ${silenceMs} ms`));
    read.then(resolve, reject).finally(ringAfter(silenceMs, silent));
  });
}

class SseParser {
  /** The pieces of the line that has not ended. */
  #line: string[] = [];
  #data: string[] = [];
  #event = '';
  #id = '';
  #chars = 0;
  /** The text before ended with a `\r`, whose `\n` may follow. */
  #isHalf = false;

  *take(text: string): Generator<SseFrame, void, undefined> {
    let from = this.#isHalf && text.startsWith('\n') ? 1 : 0;
    if (text !== '') this.#isHalf = text.endsWith('\r');
    for (const { index, 0: end } of text.matchAll(/\r\n|\r|\n/g)) {
      if (index < from) continue;
      this.#keep(text.slice(from, index));
      from = index + end.length;
      const line = this.#line.join('');
      this.#line = [];
      if (line !== '') this.#field(line);
      else yield* this.#frame();
    }
    this.#keep(text.slice(from));
  }

  #keep(piece: string): void {
    if (piece === '') return;
    this.#line.push(piece);
    this.#chars += piece.length;
    if (this.#chars > frameCharsMax) throw new RangeError('an event of the stream is too long');
  }

  #field(line: string): void {
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (field === 'id' && !value.includes('\0')) this.#id = value;
    if (field === 'event') this.#event = value;
    if (field === 'data') this.#data.push(value);
    // What is no part of an event takes no room.
    else this.#chars -= line.length;
  }

  *#frame(): Generator<SseFrame, void, undefined> {
    const [data, event] = [this.#data, this.#event];
    this.#data = [];
    this.#event = '';
    this.#chars = 0;
    if (data.length === 0) return;
    yield { id: this.#id, event: event === '' ? 'message' : event, data: data.join('\n') };
  }
}
