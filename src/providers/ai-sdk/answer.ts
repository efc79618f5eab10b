/**
 * Gathers what an AI SDK model gives, part by part or all at once, into an answer. The parts come from
 * code that heddle did not write, so each field is checked before it is used.
 *
 * 1. `isComplete` is true only after a `finish` that says why the answer ended.
 * 2. Tool calls that the provider has carried out itself, and parts that heddle does not know, are kept
 *    and go back unchanged; no chart sees them as calls.
 */
import type { AssistantPart, ModelDelta, ProviderAnswer } from '../../domain/catalogue.ts';
import { toSafeJson, type Json, type JsonObject } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { callsOfParts, textOfParts } from '../../domain/model/parts.ts';
import { propertyOf } from '../../domain/thrown.ts';
import { AnswerText, toolCallOf } from '../wire/answer-text.ts';
import { BrokenAnswer } from '../wire/faults/broken-answer.ts';
import type { KeptPart } from './prompt.ts';
import { usageOf } from './usage.ts';

type Open = {
  readonly kind: 'text' | 'reasoning';
  readonly text: AnswerText;
  metadata: JsonObject | undefined;
};

/** Parts that say nothing which a result needs. */
const passing = new Set(['ping', 'raw', 'source', 'tool-input-end', 'text-end', 'reasoning-end']);
/** The model's stream has ended, but its provider never said so. */
const unfinished = ['unknown', 'interrupted', 'error'];

export class ModelAnswer {
  readonly #onDelta: (delta: ModelDelta) => void;
  readonly #parts: (AssistantPart | Open)[] = [];
  readonly #open = new Map<string, Open>();
  readonly #tools = new Map<string, string>();
  readonly #notes: string[] = [];
  readonly #chars = new AnswerText();
  #model: string | null = null;
  #finish: { readonly word: string; readonly usage: unknown } | null = null;

  constructor(onDelta: (delta: ModelDelta) => void) {
    this.#onDelta = onDelta;
  }

  get isComplete(): boolean {
    return this.#finish !== null;
  }

  /** Takes one part of a stream. Throws a `BrokenAnswer` for one that no answer has. */
  take(part: unknown): void {
    const type = textOf(part, 'type');
    switch (type) {
      case 'text-start':
      case 'reasoning-start':
        return this.#begin(part, type === 'text-start' ? 'text' : 'reasoning');
      case 'text-delta':
      case 'reasoning-delta':
        return this.#add(part, type === 'text-delta' ? 'text' : 'reasoning');
      case 'text-end':
      case 'reasoning-end':
        return this.#mark(this.#open.get(textOf(part, 'id')), part);
      case 'tool-input-start':
        this.#tools.set(textOf(part, 'id'), textOf(part, 'toolName'));
        return this.#tool(part, '');
      case 'tool-input-delta':
        return this.#tool(part, textOf(part, 'delta'));
      case 'stream-start':
        return this.#warned(propertyOf(part, 'warnings'));
      case 'response-metadata':
        return this.#named(part);
      case 'finish':
        return this.#end(part);
      default:
        if (!passing.has(type)) this.content(part);
    }
  }

  /** Takes one part of a whole answer. */
  content(part: unknown): void {
    const type = textOf(part, 'type');
    if (type === 'text' || type === 'reasoning') {
      const text = new AnswerText();
      text.add(textOf(part, 'text'));
      const open: Open = { kind: type, text, metadata: undefined };
      this.#mark(open, part);
      this.#push(open);
    } else if (type === 'tool-call' && propertyOf(part, 'providerExecuted') !== true) {
      this.#push(this.#call(part));
    } else if (type === 'file') this.#push(imageOf(part) ?? kept(part));
    else if (type !== 'source') this.#push(kept(part));
  }

  /** Takes what a whole answer says beside its parts. */
  ended(result: unknown): void {
    this.#warned(propertyOf(result, 'warnings'));
    this.#named(propertyOf(result, 'response'));
    this.#end(result);
  }

  /** Call it only when `isComplete`. */
  output(of: {
    readonly provider: string;
    readonly model: string;
    readonly inputChars: number;
  }): ProviderAnswer {
    const { word = '', usage } = this.#finish ?? {};
    const parts = this.#parts.flatMap((part) => ('kind' in part ? closed(part) : [part]));
    const toolCalls = callsOfParts(parts);
    const counted = usageOf(usage, { inputChars: of.inputChars, outputChars: this.#chars.chars });
    const notes = counted.isEstimated
      ? [...this.#notes, 'the model gave no usage; its tokens were estimated from characters']
      : this.#notes;
    return {
      text: textOfParts(parts),
      toolCalls,
      parts,
      stopReason: word,
      ...(notes.length === 0 ? {} : { notes }),
      usage: counted.usage,
      provider: of.provider,
      model: this.#model ?? of.model,
    };
  }

  #begin(part: unknown, type: 'text' | 'reasoning'): void {
    const open: Open = { kind: type, text: new AnswerText(), metadata: undefined };
    this.#mark(open, part);
    this.#open.set(textOf(part, 'id'), open);
    this.#push(open);
  }

  #add(part: unknown, type: 'text' | 'reasoning'): void {
    const id = textOf(part, 'id');
    if (!this.#open.has(id)) this.#begin(part, type);
    const open = this.#open.get(id);
    const text = textOf(part, 'delta');
    this.#mark(open, part);
    if (text === '') return;
    open?.text.add(text);
    this.#chars.add(text);
    this.#onDelta({ type, text });
  }

  #tool(part: unknown, inputText: string): void {
    const id = textOf(part, 'id');
    this.#onDelta({ type: 'tool-call', id, name: this.#tools.get(id) ?? '', inputText });
  }

  /** Start, pieces and end of a part may each bring metadata; the newest of each provider's counts. */
  #mark(open: Open | undefined, part: unknown): void {
    const metadata = objectOf(propertyOf(part, 'providerMetadata'));
    if (open === undefined || metadata === undefined) return;
    const merged: Record<string, Json> = { ...open.metadata };
    for (const [vendor, fields] of Object.entries(metadata)) {
      merged[vendor] = { ...objectOf(merged[vendor]), ...objectOf(fields) };
    }
    open.metadata = merged;
  }

  #call(part: unknown): AssistantPart {
    const input = propertyOf(part, 'input');
    const written = typeof input === 'string' ? input : JSON.stringify(input ?? {});
    this.#chars.add(written);
    const [id, name] = [textOf(part, 'toolCallId'), textOf(part, 'toolName')];
    const metadata = objectOf(propertyOf(part, 'providerMetadata'));
    const extra = metadata === undefined ? {} : { extra: { data: metadata } };
    // A call of a tool without parameters may bring no text.
    const call = toolCallOf(id, name, written === '' ? '{}' : written);
    return { type: 'tool-call', ...call, ...extra };
  }

  #push(part: AssistantPart | Open): void {
    if (this.#parts.length >= limits.messagePartsMax / 2) throw unreadable('it has too many parts');
    this.#parts.push(part);
  }

  #warned(warnings: unknown): void {
    if (!Array.isArray(warnings)) return;
    for (const warning of warnings.slice(0, 8)) {
      const told = ['type', 'feature', 'setting', 'details', 'message']
        .map((key) => propertyOf(warning, key))
        .filter((text) => typeof text === 'string');
      this.#notes.push(told.join(' ').slice(0, 500));
    }
  }

  #named(metadata: unknown): void {
    const model = propertyOf(metadata, 'modelId');
    if (typeof model === 'string' && model !== '') this.#model = model;
  }

  #end(part: unknown): void {
    const reason = propertyOf(part, 'finishReason');
    const word = typeof reason === 'string' ? reason : propertyOf(reason, 'unified');
    const raw = propertyOf(reason, 'raw');
    if (typeof word !== 'string') throw unreadable('its finish has no reason');
    if (unfinished.includes(word)) {
      throw new BrokenAnswer('cut', `the model's stream ended with ${word} (${String(raw)})`);
    }
    const isOther = word === 'other' && typeof raw === 'string' && raw !== '';
    this.#finish = { word: isOther ? raw : word, usage: propertyOf(part, 'usage') };
  }
}

function closed({ kind: type, text: { text }, metadata }: Open): AssistantPart[] {
  if (type === 'reasoning') {
    const signature = metadata === undefined ? {} : { signature: JSON.stringify(metadata) };
    return [{ type, text, ...signature }];
  }
  if (metadata === undefined) return text === '' ? [] : [{ type, text }];
  const data: KeptPart = { kind: 'metadata', providerMetadata: metadata };
  return [
    { type, text },
    { type: 'opaque', data: data as unknown as Json },
  ];
}

function imageOf(part: unknown): AssistantPart | null {
  const mediaType = textOf(part, 'mediaType');
  const given = propertyOf(part, 'data');
  const data = propertyOf(given, 'data') ?? given;
  if (!mediaType.startsWith('image/')) return null;
  if (data instanceof Uint8Array) {
    return { type: 'image', mediaType, data: Buffer.from(data).toString('base64') };
  }
  return typeof data === 'string' ? { type: 'image', mediaType, data } : null;
}

/** Metadata comes out of the SDK as `providerMetadata`, and goes in as `providerOptions`. */
function kept(part: unknown): AssistantPart {
  const { providerMetadata, ...fields } = objectOf(toJsonOf(part)) ?? {};
  const options = providerMetadata === undefined ? {} : { providerOptions: providerMetadata };
  const data: KeptPart = { kind: 'part', part: { ...fields, ...options } };
  return { type: 'opaque', data: data as unknown as Json };
}

/** Without what JSON cannot hold. */
function toJsonOf(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value) ?? 'null') as unknown;
  } catch {
    return null;
  }
}

function objectOf(value: unknown): JsonObject | undefined {
  const json =
    typeof value === 'object' && value !== null ? toSafeJson(toJsonOf(value)) : undefined;
  return typeof json === 'object' && json !== null && !Array.isArray(json)
    ? (json as JsonObject)
    : undefined;
}

function textOf(of: unknown, key: string): string {
  const value = propertyOf(of, key);
  if (typeof value === 'string') return value;
  throw unreadable(`a part's ${key} is no text`);
}

function unreadable(what: string): BrokenAnswer {
  return new BrokenAnswer('unreadable', `the model's answer cannot be read: ${what}`);
}
