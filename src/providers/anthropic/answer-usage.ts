/**
 * The tokens of an answer of Anthropic's. Its counts are cumulative: the last one of each kind is that of
 * the whole answer. Input that was cached is counted apart from other input.
 */
import type { TokenUsage } from '../../domain/catalogue.ts';

export class AnswerUsage {
  #input = 0;
  #written = 0;
  #read = 0;
  #output = 0;
  #thought = 0;

  take(usage: unknown): void {
    if (typeof usage !== 'object' || usage === null) return;
    this.#input = countIn(usage, 'input_tokens') ?? this.#input;
    this.#written = countIn(usage, 'cache_creation_input_tokens') ?? this.#written;
    this.#read = countIn(usage, 'cache_read_input_tokens') ?? this.#read;
    this.#output = countIn(usage, 'output_tokens') ?? this.#output;
    const { output_tokens_details: details } = usage as {
      readonly output_tokens_details?: unknown;
    };
    if (typeof details !== 'object' || details === null) return;
    this.#thought = countIn(details, 'thinking_tokens') ?? this.#thought;
  }

  get tokens(): TokenUsage {
    return {
      inputTokens: this.#input + this.#written + this.#read,
      outputTokens: this.#output,
      ...(this.#read === 0 ? {} : { cacheReadTokens: this.#read }),
      ...(this.#written === 0 ? {} : { cacheWriteTokens: this.#written }),
      ...(this.#thought === 0 ? {} : { reasoningTokens: this.#thought }),
    };
  }
}

/** Null for what is no count: then the count before stands. */
function countIn(usage: object, key: string): number | null {
  const count = (usage as Readonly<Record<string, unknown>>)[key];
  return Number.isSafeInteger(count) && Number(count) >= 0 ? Number(count) : null;
}
