/**
 * Reads server-sent events from the bytes of an answer and gives the data of each.
 *
 * Lines may end in LF, CRLF or CR, a character may be split over two chunks, and comments (`:`) and other
 * fields than `data` are passed over. Two things go beyond the standard, because servers do them: an event
 * whose data is whole needs no blank line before the next one, nor at the end of the body; and a body that
 * is plain JSON is one event.
 *
 * It owns the line and the event that are under way. exchange.ts bounds the length of a line.
 */
import { BrokenAnswer } from '../wire/faults/broken-answer.ts';

/** As long as one line may be by default. */
const eventCharsMax = 4_194_304;

export class SseEvents {
  /** Fatal: otherwise bytes that are no UTF-8 would become other text without an error. */
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  /** The pieces of the line that is under way. */
  #line: string[] = [];
  /** The data lines of the event that is under way. */
  #data: string[] = [];
  #dataChars = 0;
  /** The last chunk ended in CR: an LF at the beginning of the next one belongs to it. */
  #isAfterCr = false;
  /** The whole body is one JSON text; null before its first character. */
  #isPlainJson: boolean | null = null;

  /** The data of each event that ends in this chunk. */
  take(chunk: Uint8Array): readonly string[] {
    return this.#read(this.#decode(chunk));
  }

  /** The data of an event that ends with the body. */
  end(): readonly string[] {
    const read = this.#read(this.#decode());
    const last = this.#line.join('');
    this.#line = [];
    const ended = this.#isPlainJson === true ? this.#keep(last) : this.#endLine(last);
    const rest = this.#takeData();
    return [...read, ...ended, ...(rest === null ? [] : [rest])];
  }

  #read(decoded: string): readonly string[] {
    if (decoded === '') return [];
    const text = this.#isAfterCr && decoded.startsWith('\n') ? decoded.slice(1) : decoded;
    this.#isAfterCr = decoded.endsWith('\r');
    this.#isPlainJson ??= plainJson(text);
    if (this.#isPlainJson === true) return this.#keep(text);
    const lines = text.includes('\r') ? text.split(/\r\n|\n|\r/) : text.split('\n');
    const rest = lines.pop() ?? '';
    const events: string[] = [];
    for (const line of lines) {
      this.#line.push(line);
      events.push(...this.#endLine(this.#line.length === 1 ? line : this.#line.join('')));
      this.#line = [];
    }
    if (rest !== '') this.#line.push(rest);
    return events;
  }

  #endLine(line: string): readonly string[] {
    if (line === '') {
      const data = this.#takeData();
      return data === null ? [] : [data];
    }
    if (!line.startsWith('data:')) return [];
    const before =
      this.#data.length > 0 && isWhole(this.#data.join('\n')) ? this.#takeData() : null;
    this.#keep(line.charAt(5) === ' ' ? line.slice(6) : line.slice(5));
    return before === null ? [] : [before];
  }

  #keep(data: string): readonly string[] {
    this.#dataChars += data.length;
    if (this.#dataChars > eventCharsMax) {
      throw new BrokenAnswer('too-large', `an event is longer than ${eventCharsMax} characters`);
    }
    this.#data.push(data);
    return [];
  }

  /** Null when the event under way has no data. */
  #takeData(): string | null {
    if (this.#data.length === 0) return null;
    const data = this.#data.join(this.#isPlainJson === true ? '' : '\n');
    this.#data = [];
    this.#dataChars = 0;
    return data;
  }

  #decode(chunk?: Uint8Array): string {
    try {
      return chunk === undefined
        ? this.#decoder.decode()
        : this.#decoder.decode(chunk, { stream: true });
    } catch {
      throw new BrokenAnswer('unreadable', 'the answer is no UTF-8');
    }
  }
}

/** Null as long as only white space has come. */
function plainJson(text: string): boolean | null {
  const first = /\S/.exec(text)?.[0];
  return first === undefined ? null : first === '{';
}

function isWhole(data: string): boolean {
  if (data === '[DONE]') return true;
  try {
    JSON.parse(data);
    return true;
  } catch {
    return false;
  }
}
