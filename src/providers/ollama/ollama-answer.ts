/**
 * Gathers Ollama's stream of chunks into a result. The chunks come from a socket and may differ from
 * the client's types, so each field is checked before it is used.
 *
 * 1. `isComplete` is true only after a chunk with `done: true` and a reason.
 */
import type { ProviderAnswer, ToolCall } from '../../domain/catalogue.ts';
import { AnswerText, mintedId, toolCallOf } from '../wire/answer-text.ts';
import { BrokenAnswer } from '../wire/broken-answer.ts';
import { mintedId } from '../wire/minted-id.ts';
import type { OllamaRequest } from './ollama-request.ts';

type Fields = Readonly<Record<string, unknown>>;

const toolCallsMax = 1_024;
const nameCharsMax = 256;

const stopReasons: Readonly<Record<string, string>> = { stop: 'end', length: 'max-tokens' };

export class OllamaAnswer {
  readonly #onText: (text: string) => void;
  readonly #idempotencyKey: string;
  readonly #text = new AnswerText();
  /** All tool input together has the same bound as the text. */
  readonly #inputs = new AnswerText();
  readonly #toolCalls: ToolCall[] = [];
  #model = '';
  #stopReason: string | null = null;
  #inputTokens = 0;
  #outputTokens = 0;

  constructor(idempotencyKey: string, onText: (text: string) => void) {
    this.#idempotencyKey = idempotencyKey;
    this.#onText = onText;
  }

  get isComplete(): boolean {
    return this.#stopReason !== null;
  }

  /** Throws a `BrokenAnswer` for a chunk that cannot be part of an answer. */
  take(chunk: unknown): void {
    const fields = asFields(chunk);
    if (typeof fields['model'] === 'string') this.#model = fields['model'].slice(0, nameCharsMax);
    if (fields['message'] !== undefined) this.#add(asFields(fields['message']));
    if (fields['done'] !== true) return;
    const reason = fields['done_reason'];
    if (typeof reason !== 'string' || reason === '')
      throw unreadable('it is done without a reason');
    this.#stopReason = reason.slice(0, nameCharsMax);
    this.#inputTokens = asCount(fields['prompt_eval_count']);
    this.#outputTokens = asCount(fields['eval_count']);
  }

  /** Call it only when `isComplete`. */
  output(provider: string): ProviderAnswer {
    const reason = this.#stopReason ?? '';
    const isForTools = reason === 'stop' && this.#toolCalls.length > 0;
    return {
      text: this.#text.text,
      toolCalls: this.#toolCalls,
      stopReason: isForTools ? 'tool-calls' : (stopReasons[reason] ?? reason),
      usage: { inputTokens: this.#inputTokens, outputTokens: this.#outputTokens },
      provider,
      model: this.#model,
    };
  }

  #add(message: Fields): void {
    const { content, tool_calls: calls } = message;
    if (typeof content === 'string' && content !== '') {
      this.#text.add(content);
      this.#onText(content);
    }
    if (calls === undefined || calls === null) return;
    if (!Array.isArray(calls)) throw unreadable('its tool calls are no list');
    for (const call of calls) this.#addCall(asFields(asFields(call)['function']));
  }

  #addCall({ name, arguments: input }: Fields): void {
    if (typeof name !== 'string') throw unreadable('a tool call has no name');
    const written = typeof input === 'string' ? input : asWritten(input);
    this.#inputs.add(written);
    if (this.#toolCalls.length >= toolCallsMax) throw unreadable('it calls too many tools');
    const id = mintedId(this.#idempotencyKey, this.#toolCalls.length);
    this.#toolCalls.push(toolCallOf(id, name.slice(0, nameCharsMax), written));
  }
}

/**
 * Whether the server cut the prompt. Old servers do not know `truncate` and cut it. The count of input
 * tokens shows a cut: the server has read the whole context, or half of it and a few tokens, of a
 * prompt that has far more characters than so few tokens hold. If the context's size was not given, or
 * the count leaves out what was cached, a cut cannot be seen.
 */
export function wasTruncated(request: OllamaRequest, inputTokens: number): boolean {
  const { num_ctx: contextTokens } = request.options;
  if (contextTokens === undefined || inputTokens === 0) return false;
  if (inputTokens >= contextTokens) return true;
  const half = Math.floor(contextTokens / 2);
  if (inputTokens < half || inputTokens > half + markTokens) return false;
  const chars = request.messages.reduce((sum, { content }) => sum + content.length, 0);
  return chars > inputTokens * charsPerTokenMax;
}

/** The tokens that a cutting server keeps from the beginning of the prompt, besides the half. */
const markTokens = 8;
/** Ordinary text has about 4. */
const charsPerTokenMax = 6;

function asWritten(input: unknown): string {
  try {
    return JSON.stringify(input ?? {});
  } catch {
    // The input is nested too deep to be written; the model is told so.
    return 'nested too deep';
  }
}

function asFields(value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw unreadable('it lacks a part that it must have');
}

function asCount(value: unknown): number {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : 0;
}

function unreadable(what: string): BrokenAnswer {
  return new BrokenAnswer('unreadable', `a chunk of the answer cannot be read: ${what}`);
}
