/** What the answers of all providers share: a bound on text, checked tool input, ids for calls without one. */
import { createHash } from 'node:crypto';
import type { ToolCall } from '../../domain/catalogue.ts';
import type { Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { BrokenAnswer } from './faults/broken-answer.ts';

const invalidCharsMax = 500;

/** Counts what is gathered of an answer, up to the size that a result may have. */
export class AnswerSize {
  #chars = 0;

  get chars(): number {
    return this.#chars;
  }

  add(piece: string): void {
    this.#chars += piece.length;
    if (this.#chars > limits.payloadBytesMax) {
      throw new BrokenAnswer('too-large', 'the answer is larger than a result may be');
    }
  }
}

/** Text that is gathered from pieces, up to that size. */
export class AnswerText {
  readonly #pieces: string[] = [];
  readonly #size = new AnswerSize();

  add(piece: string): void {
    this.#size.add(piece);
    this.#pieces.push(piece);
  }

  get chars(): number {
    return this.#size.chars;
  }

  get text(): string {
    return this.#pieces.join('');
  }
}

/**
 * A tool call with the input that the model wrote as text. Input that is no JSON object is no reason
 * to pay for the answer again: the model is told, and can correct it.
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

/** The contents are checked where all results enter the runtime. */
function isObject(value: unknown): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The id of a tool call that came without one. It is the same for every attempt at one call, so that what a chart has done for a tool call can be found again.
 * It uses only characters that every provider accepts in a history.
 */
export function mintedId(idempotencyKey: string, position: number): string {
  const hash = createHash('sha256').update(idempotencyKey).digest('hex').slice(0, 20);
  return `tool_${hash}_${position}`;
}
