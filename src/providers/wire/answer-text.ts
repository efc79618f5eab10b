/** What an answer's parts have in common at every provider: a bound, and tool input that is checked. */
import type { ToolCall } from '../../domain/catalogue.ts';
import type { Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { BrokenAnswer } from './broken-answer.ts';

const invalidCharsMax = 500;

/** Text that is gathered from pieces, and no more of it than a result may hold. */
export class AnswerText {
  readonly #pieces: string[] = [];
  #chars = 0;

  add(piece: string): void {
    this.#chars += piece.length;
    if (this.#chars > limits.payloadBytesMax) {
      throw new BrokenAnswer('too-large', 'the answer is larger than a result may be');
    }
    this.#pieces.push(piece);
  }

  get text(): string {
    return this.#pieces.join('');
  }
}

/**
 * A tool call with the input that the model wrote as text. What is no JSON object is no reason to
 * buy the answer again: the model is told, and mends it.
 */
export function toolCallOf(id: string, name: string, written: string): ToolCall {
  const input = parse(written);
  if (isObject(input)) return { id, name, input };
  const shown = written.slice(0, invalidCharsMax);
  return { id, name, input: {}, invalid: `the input is not a JSON object: ${shown}` };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What it holds is made safe where all results enter the runtime. */
function isObject(value: unknown): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
