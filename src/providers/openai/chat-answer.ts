/**
 * Gathers the chunks of a chat completion into a result. The chunks come from a socket, and servers differ,
 * so each field is checked before it is used.
 *
 * It owns the parts of one answer until they are complete. It leaves the tool calls to tool-fragments.ts.
 *
 * 1. `isComplete` is true only after a `finish_reason`. What comes after it is still taken, because the
 *    counts of tokens come last.
 */
import type { AssistantPart, ModelDelta, ProviderAnswer } from '../../domain/catalogue.ts';
import type { Json } from '../../domain/json.ts';
import { stopOf } from '../stop-reasons.ts';
import { AnswerText } from '../wire/answer-text.ts';
import { BrokenAnswer } from '../wire/faults/broken-answer.ts';
import { asFields, type Fields, isFields, textIn } from './fields.ts';
import { type ReasoningField, reasoningFields } from './reasoning.ts';
import { ToldInStream, toldInChunk } from './told-in-stream.ts';
import { ToolFragments } from './tool-fragments.ts';
import { usageIn } from './usage.ts';

const nameCharsMax = 256;
const detailsMax = 1_024;

/** Words of single servers. All others are heddle's own table's. */
const finishWords: Readonly<Record<string, string>> = {
  eos: 'end',
  eos_token: 'end',
  tool_call: 'tool-calls',
  model_length: 'context-full',
};
/** The server ended its answer, and says that it is not whole. */
const brokenWords = new Set(['error', 'abort', 'insufficient_system_resource']);

const uncounted = 'The server counted no tokens: they are estimated from the characters.';

export type ChatAnswerOptions = {
  readonly idempotencyKey: string;
  readonly onDelta: (delta: ModelDelta) => void;
  /** What was sent otherwise than it was asked, in words. */
  readonly notes: readonly string[];
  /** For a server that counts no tokens, from the characters of the answer. */
  readonly estimated: (answerChars: number) => ProviderAnswer['usage'];
};

export class ChatAnswer {
  readonly #options: ChatAnswerOptions;
  readonly #text = new AnswerText();
  readonly #refusal = new AnswerText();
  readonly #reasoning = new AnswerText();
  readonly #tools: ToolFragments;
  readonly #details: Fields[] = [];
  readonly #detailsBound = new AnswerText();
  #reasoningField: ReasoningField | null = null;
  #model = '';
  #finish: string | null = null;
  #usage: ProviderAnswer['usage'] | null = null;

  constructor(options: ChatAnswerOptions) {
    this.#options = options;
    this.#tools = new ToolFragments(options.idempotencyKey, options.onDelta);
  }

  get isComplete(): boolean {
    return this.#finish !== null;
  }

  /** Throws a `BrokenAnswer` for a chunk that cannot be part of an answer, and a `ToldInStream` for an error. */
  take(chunk: unknown): void {
    const fields = asFields(chunk);
    const told = toldInChunk(fields);
    if (told !== null) throw new ToldInStream(told);
    const { model, usage, choices } = fields;
    if (typeof model === 'string' && model !== '') this.#model = model.slice(0, nameCharsMax);
    this.#usage = usageIn(usage) ?? this.#usage;
    if (choices === undefined || choices === null) return;
    if (!Array.isArray(choices)) throw new BrokenAnswer('unreadable', 'its choices are no list');
    const choice: unknown = choices.find((one) => isFields(one) && (one['index'] ?? 0) === 0);
    if (isFields(choice)) this.#takeChoice(choice);
  }

  /** Call it only when `isComplete`. */
  output(provider: string): ProviderAnswer {
    const refusal = this.#refusal.text;
    const toolCalls = this.#tools.calls;
    const text = this.#text.text === '' ? refusal : this.#text.text;
    const thought = this.#thought();
    const parts: AssistantPart[] = [
      ...thought,
      ...(text === '' ? [] : [{ type: 'text', text } as const]),
      ...toolCalls.map((call) => ({ type: 'tool-call', ...call }) as const),
    ];
    return {
      text,
      toolCalls,
      ...(thought.length === 0 ? {} : { parts }),
      ...stopOf(refusal === '' ? (this.#finish ?? '') : 'refusal', toolCalls.length > 0),
      ...this.#counted(),
      provider,
      model: this.#model,
    };
  }

  #counted(): Pick<ProviderAnswer, 'usage' | 'notes'> {
    const { notes, estimated } = this.#options;
    if (this.#usage !== null) {
      return { usage: this.#usage, ...(notes.length === 0 ? {} : { notes }) };
    }
    const said = [this.#text, this.#refusal, this.#reasoning].map(({ text }) => text.length);
    const asked = JSON.stringify(this.#tools.calls).length;
    const chars = said.reduce((sum, length) => sum + length, asked);
    return { usage: estimated(chars), notes: [...notes, uncounted] };
  }

  #thought(): AssistantPart[] {
    const text = this.#reasoning.text;
    const signature = this.#reasoningField ?? undefined;
    const reasoning: AssistantPart[] =
      text === '' || signature === undefined ? [] : [{ type: 'reasoning', text, signature }];
    if (this.#details.length === 0) return reasoning;
    return [...reasoning, { type: 'opaque', data: { reasoning_details: this.#details as Json } }];
  }

  #takeChoice(choice: Fields): void {
    // A server that does not stream sends the whole message.
    const delta = choice['delta'] ?? choice['message'];
    if (isFields(delta)) this.#add(delta);
    const reason = choice['finish_reason'];
    if (typeof reason !== 'string' || reason === '' || this.#finish !== null) return;
    if (brokenWords.has(reason)) {
      throw new BrokenAnswer('cut', `the server gave its answer up: ${reason}`);
    }
    const word = Object.hasOwn(finishWords, reason) ? finishWords[reason] : undefined;
    this.#finish = word ?? reason.slice(0, nameCharsMax);
  }

  #add(delta: Fields): void {
    this.#think(delta);
    this.#say(contentOf(delta['content']));
    this.#refusal.add(textIn(delta['refusal']));
    const { tool_calls: calls } = delta;
    if (calls === undefined || calls === null) return;
    for (const call of Array.isArray(calls) ? calls : [calls]) this.#tools.take(asFields(call));
  }

  #say(text: string): void {
    if (text === '') return;
    this.#text.add(text);
    this.#options.onDelta({ type: 'text', text });
  }

  /** Some servers send both fields, with the same text: the first that is used is the answer's. */
  #think(delta: Fields): void {
    this.#reasoningField ??= reasoningFields.find((field) => textIn(delta[field]) !== '') ?? null;
    const text = this.#reasoningField === null ? '' : textIn(delta[this.#reasoningField]);
    if (text !== '') {
      this.#reasoning.add(text);
      this.#options.onDelta({ type: 'reasoning', text });
    }
    const { reasoning_details: details } = delta;
    if (Array.isArray(details)) for (const detail of details) this.#addDetail(asFields(detail));
  }

  /** A detail comes in pieces: those of one kind and index that follow each other are one. */
  #addDetail(detail: Fields): void {
    this.#detailsBound.add(JSON.stringify(detail));
    const last = this.#details.at(-1);
    const isSame =
      last !== undefined && last['type'] === detail['type'] && last['index'] === detail['index'];
    if (!isSame) {
      if (this.#details.length >= detailsMax) {
        throw new BrokenAnswer('unreadable', 'its reasoning has too many parts');
      }
      this.#details.push(detail);
      return;
    }
    const joined = Object.entries(detail).map(([key, value]) => {
      const before = last[key];
      const grows = pieceKeys.has(key) && typeof value === 'string' && typeof before === 'string';
      return [key, grows ? before + value : (value ?? before)] as const;
    });
    this.#details[this.#details.length - 1] = { ...last, ...Object.fromEntries(joined) };
  }
}

const pieceKeys = new Set(['text', 'summary', 'data']);

/** A text, or a list of parts of which some are texts. */
function contentOf(content: unknown): string {
  if (!Array.isArray(content)) return textIn(content);
  return content.map((part) => (isFields(part) ? textIn(part['text']) : '')).join('');
}
