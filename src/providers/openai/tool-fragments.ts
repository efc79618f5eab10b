/**
 * Puts the tool calls of a chat completion together from their fragments.
 *
 * It owns the calls of one answer until it is complete. Servers differ in what a fragment says:
 * - A fragment belongs to the call with its id; a new id begins a call, also at an `index` that is in use,
 *   because some servers give every call the index 0.
 * - Without an id it belongs to the last call at its `index`, and without an index to the last call. It
 *   begins a call if there is none, or if it has a name and that call has a name and its whole input.
 * - The name may come late, empty, in pieces, or again with every fragment. Input may be an object.
 * - Fields that are not known, such as signatures, are kept: the server wants them back.
 */
import type { ModelDelta, ToolCall } from '../../domain/catalogue.ts';
import type { Json } from '../../domain/json.ts';
import { AnswerText, mintedId, toolCallOf } from '../wire/answer-text.ts';
import { BrokenAnswer } from '../wire/faults/broken-answer.ts';
import { asFields, type Fields, textIn } from './fields.ts';

type Call = {
  readonly position: number;
  readonly index: number | null;
  id: string | null;
  name: string;
  readonly input: string[];
  readonly extra: Map<string, Json>;
  readonly functionExtra: Map<string, Json>;
};

const callsMax = 1_024;
const nameCharsMax = 256;

export class ToolFragments {
  readonly #idempotencyKey: string;
  readonly #onDelta: (delta: ModelDelta) => void;
  readonly #calls: Call[] = [];
  /** All of it together has the bound of one result. */
  readonly #all = new AnswerText();

  constructor(idempotencyKey: string, onDelta: (delta: ModelDelta) => void) {
    this.#idempotencyKey = idempotencyKey;
    this.#onDelta = onDelta;
  }

  take(fragment: Fields): void {
    const made = asFields(fragment['function'] ?? {});
    const id = textIn(fragment['id']).slice(0, nameCharsMax);
    const name = textIn(made['name']).slice(0, nameCharsMax);
    const { index } = fragment;
    const at = Number.isSafeInteger(index) ? Number(index) : null;
    const call = this.#callOf({ id, name, at }) ?? this.#begin(at);
    if (id !== '') call.id = id;
    addName(call, name);
    const piece = writtenInput(made['arguments'], call.input.length === 0);
    this.#all.add(piece);
    if (piece !== '') call.input.push(piece);
    this.#keepUnknown(call.extra, fragment, callKeys);
    this.#keepUnknown(call.functionExtra, made, functionKeys);
    if (call.name === '') return;
    this.#onDelta({ type: 'tool-call', id: this.#idOf(call), name: call.name, inputText: piece });
  }

  get calls(): ToolCall[] {
    return this.#calls.map((call) => {
      const written = call.input.join('');
      // A server that writes nothing for a tool without parameters has said that the call is whole.
      const made = toolCallOf(this.#idOf(call), call.name, written === '' ? '{}' : written);
      const extra = extraOf(call);
      return extra === null ? made : { ...made, extra: { data: extra } };
    });
  }

  #callOf({
    id,
    name,
    at,
  }: {
    readonly id: string;
    readonly name: string;
    readonly at: number | null;
  }): Call | undefined {
    const same = id === '' ? undefined : this.#calls.find((call) => call.id === id);
    if (same !== undefined) return same;
    const last =
      at === null ? this.#calls.at(-1) : this.#calls.findLast(({ index }) => index === at);
    if (last === undefined) return undefined;
    // An id may come late, but a call has only one.
    if (id !== '') return last.id === null && !isDone(last) ? last : undefined;
    return name !== '' && isDone(last) ? undefined : last;
  }

  #begin(index: number | null): Call {
    const position = this.#calls.length;
    if (position >= callsMax) throw new BrokenAnswer('unreadable', 'it calls too many tools');
    const call: Call = {
      position,
      index,
      id: null,
      name: '',
      input: [],
      extra: new Map(),
      functionExtra: new Map(),
    };
    this.#calls.push(call);
    return call;
  }

  #idOf({ id, position }: Call): string {
    return id ?? mintedId(this.#idempotencyKey, position);
  }

  #keepUnknown(kept: Map<string, Json>, fields: Fields, known: ReadonlySet<string>): void {
    for (const [key, value] of Object.entries(fields)) {
      if (known.has(key) || value === null || value === undefined) continue;
      this.#all.add(key + JSON.stringify(value));
      kept.set(key, value as Json);
    }
  }
}

const callKeys = new Set(['index', 'id', 'type', 'function']);
const functionKeys = new Set(['name', 'arguments']);

/** Has a name and an input that is whole. */
function isDone({ name, input }: Call): boolean {
  if (name === '' || input.length === 0) return false;
  try {
    JSON.parse(input.join(''));
    return true;
  } catch {
    return false;
  }
}

function addName(call: Call, name: string): void {
  if (name === '' || name === call.name) return;
  // Once there is input, the name is known.
  if (call.input.length === 0) call.name = (call.name + name).slice(0, nameCharsMax);
  else if (call.name === '') call.name = name;
}

/** An object is taken only as the whole input. */
function writtenInput(input: unknown, isFirst: boolean): string {
  if (typeof input === 'string') return input;
  if (typeof input !== 'object' || input === null || !isFirst) return '';
  try {
    return JSON.stringify(input);
  } catch {
    // The input is nested too deep to be written; the model is told so.
    return 'nested too deep';
  }
}

function extraOf({ extra, functionExtra }: Call): { readonly [key: string]: Json } | null {
  if (functionExtra.size > 0) extra.set('function', Object.fromEntries(functionExtra));
  return extra.size === 0 ? null : Object.fromEntries(extra);
}
