/**
 * One block of Anthropic's answer, while it comes. A block of a kind that heddle does not know is gathered
 * as it comes, so that it can go back unchanged.
 */
import type { AssistantPart, ModelDelta } from '../../domain/catalogue.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { type AnswerSize, toolCallOf } from '../wire/answer-text.ts';
import { asText, type Fields, nameCharsMax } from './answer-fields.ts';

/** How the answer that a block belongs to ended: words after which a model has said all that it wanted. */
const wholeStops = new Set(['end_turn', 'tool_use', 'stop_sequence']);
/** The fields of a tool call that have a place of their own, or say nothing. */
const knownOfCall = new Set(['type', 'id', 'name', 'input', 'cache_control']);

export type AnswerBlock = {
  isOpen: boolean;
  add(delta: Fields): void;
  /** `stop`: the word by which the answer ended. */
  part(stop: string): AssistantPart;
};

type Show = (delta: ModelDelta) => void;

/** `size` bounds all that is gathered of an answer. */
export function blockOf(start: Fields, show: Show, size: AnswerSize): AnswerBlock {
  switch (start['type']) {
    case 'text':
      return new TextBlock(start, show, size);
    case 'thinking':
      return new ThinkingBlock(start, show, size);
    case 'tool_use':
      return new ToolBlock(start, show, size);
    default:
      return new OtherBlock(start, size);
  }
}

class TextBlock implements AnswerBlock {
  isOpen = true;
  readonly #show: Show;
  readonly #size: AnswerSize;
  #text = '';

  constructor(start: Fields, show: Show, size: AnswerSize) {
    this.#show = show;
    this.#size = size;
    if (typeof start['text'] === 'string') this.#say(start['text']);
  }

  add(delta: Fields): void {
    if (delta['type'] === 'text_delta') this.#say(asText(delta['text'], 'text'));
  }

  part(): AssistantPart {
    return { type: 'text', text: this.#text };
  }

  #say(text: string): void {
    if (text === '') return;
    this.#size.add(text);
    this.#text += text;
    this.#show({ type: 'text', text });
  }
}

/** The text may be empty: then the signature is all that the provider needs to know its reasoning again. */
class ThinkingBlock implements AnswerBlock {
  isOpen = true;
  readonly #show: Show;
  readonly #size: AnswerSize;
  #text = '';
  #signature = '';

  constructor(start: Fields, show: Show, size: AnswerSize) {
    this.#show = show;
    this.#size = size;
    if (typeof start['thinking'] === 'string') this.#think(start['thinking']);
    if (typeof start['signature'] === 'string') this.#sign(start['signature']);
  }

  add(delta: Fields): void {
    if (delta['type'] === 'thinking_delta') this.#think(asText(delta['thinking'], 'thinking'));
    if (delta['type'] === 'signature_delta') this.#sign(asText(delta['signature'], 'signature'));
  }

  part(): AssistantPart {
    const signature = this.#signature === '' ? {} : { signature: this.#signature };
    return { type: 'reasoning', text: this.#text, ...signature };
  }

  #think(text: string): void {
    if (text === '') return;
    this.#size.add(text);
    this.#text += text;
    this.#show({ type: 'reasoning', text });
  }

  #sign(signature: string): void {
    this.#size.add(signature);
    this.#signature += signature;
  }
}

class ToolBlock implements AnswerBlock {
  isOpen = true;
  readonly #show: Show;
  readonly #size: AnswerSize;
  readonly #start: Fields;
  readonly #id: string;
  readonly #name: string;
  #json = '';
  #hasDelta = false;

  constructor(start: Fields, show: Show, size: AnswerSize) {
    this.#show = show;
    this.#size = size;
    this.#start = start;
    this.#id = asText(start['id'], 'id').slice(0, nameCharsMax);
    this.#name = asText(start['name'], 'name').slice(0, nameCharsMax);
    this.#tell('');
  }

  add(delta: Fields): void {
    if (delta['type'] !== 'input_json_delta') return;
    const piece = asText(delta['partial_json'], 'partial_json');
    this.#hasDelta = true;
    if (piece === '') return;
    this.#size.add(piece);
    this.#json += piece;
    this.#tell(piece);
  }

  part(stop: string): AssistantPart {
    const start = JSON.stringify(this.#start['input'] ?? {});
    const call = toolCallOf(this.#id, this.#name, this.#json === '' ? start : this.#json);
    // A call of a tool without parameters brings an empty piece, or none. After any other end its
    // arguments may be those that did not come any more.
    const isBare = this.#json === '' && !this.#hasDelta && start === '{}';
    const cut = isBare && !wholeStops.has(stop) ? { invalid: 'its arguments did not come' } : {};
    return { type: 'tool-call', ...call, ...cut, ...this.#extra() };
  }

  #extra(): { readonly extra?: { readonly data: Json } } {
    const more = Object.entries(this.#start).filter(
      ([name, value]) => !knownOfCall.has(name) && value !== null && !isDirect(name, value),
    );
    return more.length === 0 ? {} : { extra: { data: Object.fromEntries(more) as JsonObject } };
  }

  #tell(inputText: string): void {
    this.#show({ type: 'tool-call', id: this.#id, name: this.#name, inputText });
  }
}

/** Who calls the tool, where it is the model itself: the API supposes so. */
function isDirect(name: string, value: unknown): boolean {
  return name === 'caller' && (value as { readonly type?: unknown }).type === 'direct';
}

class OtherBlock implements AnswerBlock {
  isOpen = true;
  readonly #size: AnswerSize;
  readonly #fields: Record<string, unknown>;
  #json = '';

  constructor(start: Fields, size: AnswerSize) {
    this.#size = size;
    this.#fields = { ...start };
    size.add(JSON.stringify(start));
  }

  /** Texts are added to the field of their name, and lists too; a piece of JSON belongs to the input. */
  add({ type, ...pieces }: Fields): void {
    this.#size.add(JSON.stringify(pieces));
    if (type === 'input_json_delta') {
      this.#json += asText(pieces['partial_json'], 'partial_json');
      return;
    }
    if (type === 'citations_delta') {
      const before = this.#fields['citations'];
      const list: readonly unknown[] = Array.isArray(before) ? before : [];
      this.#fields['citations'] = [...list, pieces['citation']];
      return;
    }
    for (const [name, piece] of Object.entries(pieces)) {
      const before = this.#fields[name];
      const isText = typeof piece === 'string' && typeof before === 'string';
      this.#fields[name] = isText ? before + piece : piece;
    }
  }

  part(): AssistantPart {
    const { type, data } = this.#fields;
    if (type === 'redacted_thinking' && typeof data === 'string') {
      return { type: 'reasoning', text: '', encrypted: data };
    }
    const input = this.#json === '' ? {} : { input: parsed(this.#json) };
    return { type: 'opaque', data: { ...this.#fields, ...input } as JsonObject };
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return {};
  }
}
