/**
 * Gathers Ollama's stream of chunks into a result. The chunks come from a socket and may differ from
 * the client's types, so each field is checked before it is used.
 *
 * 1. `isComplete` is true only after a chunk with `done: true` or a reason for the end. Some servers send
 *    only one of the two.
 * 2. A chunk that ends because the model was loaded or unloaded is no answer, and neither is an end without
 *    a reason after nothing.
 */
import type {
  AssistantPart,
  ModelDelta,
  ProviderAnswer,
  ToolCall,
} from '../../domain/catalogue.ts';
import { isPlain } from '../../domain/model/parts.ts';
import { AnswerSize, AnswerText, mintedId, toolCallOf } from '../wire/answer-text.ts';
import { BrokenAnswer } from '../wire/faults/broken-answer.ts';
import { LeftThinking, type Piece } from './left-thinking.ts';
import { isFilled, wasCut } from './ollama-context.ts';
import type { OllamaBody } from './ollama-request.ts';

type Fields = Readonly<Record<string, unknown>>;

const toolCallsMax = 1_024;
const nameCharsMax = 256;

export class OllamaAnswer {
  readonly #onDelta: (delta: ModelDelta) => void;
  readonly #idempotencyKey: string;
  readonly #text = new AnswerText();
  readonly #thinking = new AnswerText();
  readonly #left = new LeftThinking();
  /** All tool input together has the same bound as the text. */
  readonly #inputs = new AnswerSize();
  readonly #toolCalls: ToolCall[] = [];
  #model = '';
  #stopReason: string | null = null;
  #inputTokens = 0;
  #outputTokens = 0;

  constructor(idempotencyKey: string, onDelta: (delta: ModelDelta) => void) {
    this.#idempotencyKey = idempotencyKey;
    this.#onDelta = onDelta;
  }

  get isComplete(): boolean {
    return this.#stopReason !== null;
  }

  /** Throws a `BrokenAnswer` for a chunk that cannot be part of an answer. */
  take(chunk: unknown): void {
    const fields = asFields(chunk);
    if (typeof fields['model'] === 'string') this.#model = fields['model'].slice(0, nameCharsMax);
    const { message, done_reason: given } = fields;
    if (message !== undefined && message !== null) this.#add(asFields(message));
    const reason = typeof given === 'string' ? given : '';
    if (fields['done'] !== true && reason === '') return;
    this.#show(this.#left.end());
    if (reason === 'load' || reason === 'unload') throw unreadable(`it ended for ${reason} alone`);
    this.#inputTokens = asCount(fields['prompt_eval_count']);
    this.#outputTokens = asCount(fields['eval_count']);
    const isEmpty = this.#parts().length === 0;
    if (reason === '' && isEmpty) throw unreadable('it is done without a reason and an answer');
    this.#stopReason = reason === '' ? 'stop' : reason.slice(0, nameCharsMax);
  }

  /** Call it only when `isComplete`. Throws a `BrokenAnswer` where the server has cut the prompt. */
  output(provider: string, body?: OllamaBody, notes: readonly string[] = []): ProviderAnswer {
    const parts = this.#parts();
    const usage = { inputTokens: this.#inputTokens, outputTokens: this.#outputTokens };
    const cut = body === undefined ? null : wasCut(body, usage.inputTokens);
    if (cut?.isSure === true) throw new BrokenAnswer('context-overflow', cut.words);
    const told = cut === null ? notes : [...notes, cut.words];
    const reason = this.#stopReason ?? '';
    const isFull = reason === 'length' && body !== undefined && isFilled(body, usage);
    return {
      text: parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
      toolCalls: this.#toolCalls,
      ...(isPlain(parts) ? {} : { parts }),
      stopReason: stopWord(isFull ? 'context-full' : reason, this.#toolCalls.length > 0),
      ...(told.length === 0 ? {} : { notes: told }),
      usage,
      provider,
      model: this.#model,
    };
  }

  #parts(): readonly AssistantPart[] {
    const isText = this.#left.isOpen;
    const thinking = this.#thinking.text;
    const said = isText ? `<think>${thinking}` : this.#text.text;
    return [
      ...(isText || thinking === '' ? [] : [{ type: 'reasoning', text: thinking } as const]),
      ...(said === '' ? [] : [{ type: 'text', text: said } as const]),
      ...this.#toolCalls.map((call) => ({ type: 'tool-call', ...call }) as const),
    ];
  }

  #add(message: Fields): void {
    const { content, thinking, tool_calls: calls } = message;
    if (typeof thinking === 'string' && thinking !== '') {
      this.#show([{ type: 'reasoning', text: thinking }]);
    }
    if (typeof content === 'string' && content !== '') this.#show(this.#left.take(content));
    if (calls === undefined || calls === null) return;
    if (!Array.isArray(calls)) throw unreadable('its tool calls are no list');
    for (const call of calls) this.#addCall(asFields(call));
  }

  #show(pieces: readonly Piece[]): void {
    for (const piece of pieces) {
      (piece.type === 'text' ? this.#text : this.#thinking).add(piece.text);
      this.#onDelta(piece);
    }
  }

  #addCall({ id: given, function: called }: Fields): void {
    const { name, arguments: input } = asFields(called);
    if (typeof name !== 'string') throw unreadable('a tool call has no name');
    const written = asWritten(input);
    this.#inputs.add(written);
    if (this.#toolCalls.length >= toolCallsMax) throw unreadable('it calls too many tools');
    const isId = typeof given === 'string' && given !== '';
    const id = isId
      ? given.slice(0, nameCharsMax)
      : mintedId(this.#idempotencyKey, this.#toolCalls.length);
    const call = toolCallOf(id, name.slice(0, nameCharsMax), written);
    this.#toolCalls.push(call);
    this.#onDelta({ type: 'tool-call', id, name: call.name, inputText: written });
  }
}

/** Ollama says of an answer with tool calls that it stopped, as of any other. */
function stopWord(reason: string, hasCalls: boolean): string {
  if (reason === 'stop') return hasCalls ? 'tool-calls' : 'end';
  return reason === 'length' ? 'max-tokens' : reason;
}

/** Arguments come as an object; from some servers as a text, or not at all where there are none. */
function asWritten(input: unknown): string {
  if (typeof input === 'string') return input.trim() === '' ? '{}' : input;
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
