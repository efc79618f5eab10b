/**
 * Checks Ollama's lines before its client sees them. The client warns of a line that is no JSON, drops
 * it and goes on, which leaves a hole in the text; here such a line breaks the answer. A line is
 * passed on whole or not at all.
 *
 * It owns the beginning of a line until the line is complete; exchange.ts bounds its length.
 */
import type { Sieve } from '../wire/exchange.ts';
import { BrokenAnswer } from '../wire/faults/broken-answer.ts';

const nothing = new Uint8Array(0);

export class OllamaLines implements Sieve {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  readonly #encoder = new TextEncoder();
  #rest = '';
  #errorText: string | null = null;

  /** The text of an error in the stream. The client keeps an error only if it is a string. */
  get errorText(): string | null {
    return this.#errorText;
  }

  pass(chunk: Uint8Array): Uint8Array {
    const lines = (this.#rest + this.#decode(chunk)).split('\n');
    this.#rest = lines.pop() ?? '';
    return this.#encode(lines);
  }

  end(): Uint8Array {
    const lines = [this.#rest + this.#decode()];
    this.#rest = '';
    return this.#encode(lines);
  }

  /**
   * The decoder is fatal: otherwise bytes that are no UTF-8 would become other text without an error.
   */
  #decode(chunk?: Uint8Array): string {
    try {
      return chunk === undefined
        ? this.#decoder.decode()
        : this.#decoder.decode(chunk, { stream: true });
    } catch {
      throw new BrokenAnswer('unreadable', 'the answer is no UTF-8');
    }
  }

  #encode(lines: readonly string[]): Uint8Array {
    const kept = lines.filter((line) => line.trim() !== '');
    for (const line of kept) this.#check(line);
    return kept.length === 0 ? nothing : this.#encoder.encode(`${kept.join('\n')}\n`);
  }

  #check(line: string): void {
    const value = parse(line);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new BrokenAnswer('unreadable', 'a line of the answer is no JSON object');
    }
    if ('error' in value) {
      const { error } = value;
      this.#errorText = typeof error === 'string' ? error : JSON.stringify(error).slice(0, 1_000);
    }
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
