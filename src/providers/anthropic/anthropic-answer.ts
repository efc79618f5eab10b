/**
 * Gathers Anthropic's stream of events into a result. The events come from a socket and may differ
 * from the SDK's types, so each field is checked before it is used.
 *
 * It owns the parts of one answer until they are complete.
 *
 * 1. `isComplete` is true only after message_start, a stop reason, the stop of every block, and
 *    message_stop. The SDK's stream ends without an error when the connection ends, or on an abort.
 */
import type { ProviderAnswer, ToolCall } from '../../domain/catalogue.ts';
import { AnswerText, toolCallOf } from '../wire/answer-text.ts';
import { BrokenAnswer } from '../wire/broken-answer.ts';

type Fields = Readonly<Record<string, unknown>>;

type Block = {
  readonly kind: 'text' | 'tool' | 'other';
  readonly id: string;
  readonly name: string;
  /** Tool input that came with the block's start. Mostly it comes in deltas instead. */
  readonly input: string;
  readonly json: AnswerText;
  isOpen: boolean;
};

const blocksMax = 1_024;
const nameCharsMax = 256;

const stopReasons: Readonly<Record<string, string>> = {
  end_turn: 'end',
  tool_use: 'tool-calls',
  max_tokens: 'max-tokens',
  stop_sequence: 'stop-sequence',
};

export class AnthropicAnswer {
  readonly #onText: (text: string) => void;
  readonly #text = new AnswerText();
  readonly #blocks = new Map<number, Block>();
  #model: string | null = null;
  #stopReason: string | null = null;
  #inputTokens = 0;
  #outputTokens = 0;
  #isStopped = false;

  constructor(onText: (text: string) => void) {
    this.#onText = onText;
  }

  get isComplete(): boolean {
    return this.#isStopped;
  }

  /** Throws a `BrokenAnswer` for an event that cannot be part of an answer. */
  take(event: unknown): void {
    const fields = asFields(event);
    switch (fields['type']) {
      case 'message_start':
        return this.#start(asFields(fields['message']));
      case 'content_block_start':
        return this.#open(asIndex(fields), asFields(fields['content_block']));
      case 'content_block_delta':
        return this.#add(this.#block(fields), asFields(fields['delta']));
      case 'content_block_stop':
        this.#block(fields).isOpen = false;
        return;
      case 'message_delta':
        return this.#end(asFields(fields['delta']), fields['usage']);
      case 'message_stop':
        return this.#stop();
      // Events of unknown kinds, added to the protocol later, hold nothing that a result needs.
      default:
        return;
    }
  }

  /** Call it only when `isComplete`. */
  output(provider: string): ProviderAnswer {
    const blocks = [...this.#blocks.entries()].sort(([a], [b]) => a - b);
    const toolCalls = blocks.flatMap(([, block]): ToolCall[] => {
      if (block.kind !== 'tool') return [];
      const { id, name, json, input } = block;
      // A call of a tool without parameters brings no delta.
      return [toolCallOf(id, name, json.text === '' ? input : json.text)];
    });
    const stopReason = this.#stopReason ?? '';
    return {
      text: this.#text.text,
      toolCalls,
      stopReason: stopReasons[stopReason] ?? stopReason,
      usage: { inputTokens: this.#inputTokens, outputTokens: this.#outputTokens },
      provider,
      model: this.#model ?? '',
    };
  }

  #start(message: Fields): void {
    if (this.#model !== null) throw unreadable('message_start came twice');
    this.#model = asText(message['model'], 'model').slice(0, nameCharsMax);
    this.#use(message['usage']);
  }

  #open(index: number, block: Fields): void {
    if (this.#model === null || this.#blocks.has(index) || this.#blocks.size >= blocksMax) {
      throw unreadable(`block ${index} begins where none may`);
    }
    const { type } = block;
    const isTool = type === 'tool_use';
    this.#blocks.set(index, {
      kind: isTool ? 'tool' : type === 'text' ? 'text' : 'other',
      id: isTool ? asText(block['id'], 'id').slice(0, nameCharsMax) : '',
      name: isTool ? asText(block['name'], 'name').slice(0, nameCharsMax) : '',
      input: isTool ? JSON.stringify(block['input'] ?? {}) : '',
      json: new AnswerText(),
      isOpen: true,
    });
    if (type === 'text' && typeof block['text'] === 'string') this.#say(block['text']);
  }

  #add(block: Block, delta: Fields): void {
    if (!block.isOpen) throw unreadable('a delta came for a block that has ended');
    if (block.kind === 'text' && delta['type'] === 'text_delta') {
      this.#say(asText(delta['text'], 'text'));
    } else if (block.kind === 'tool' && delta['type'] === 'input_json_delta') {
      block.json.add(asText(delta['partial_json'], 'partial_json'));
    }
  }

  #say(text: string): void {
    if (text === '') return;
    this.#text.add(text);
    this.#onText(text);
  }

  #end(delta: Fields, usage: unknown): void {
    if (typeof delta['stop_reason'] === 'string' && delta['stop_reason'] !== '') {
      this.#stopReason = delta['stop_reason'].slice(0, nameCharsMax);
    }
    this.#use(usage);
  }

  #stop(): void {
    const isWhole = [...this.#blocks.values()].every(({ isOpen }) => !isOpen);
    if (this.#model === null || this.#stopReason === null || !isWhole) {
      throw unreadable('message_stop came before the message was whole');
    }
    this.#isStopped = true;
  }

  /**
   * The counts are cumulative: the last ones are those of the whole answer. Cached input counts as
   * input.
   */
  #use(usage: unknown): void {
    if (typeof usage !== 'object' || usage === null) return;
    const of = (key: string): number | null => {
      const count: unknown = (usage as Fields)[key];
      return Number.isSafeInteger(count) && Number(count) >= 0 ? Number(count) : null;
    };
    const input = of('input_tokens');
    if (input !== null) {
      const cached =
        (of('cache_creation_input_tokens') ?? 0) + (of('cache_read_input_tokens') ?? 0);
      this.#inputTokens = input + cached;
    }
    this.#outputTokens = of('output_tokens') ?? this.#outputTokens;
  }

  #block(event: Fields): Block {
    const block = this.#blocks.get(asIndex(event));
    if (block === undefined) throw unreadable('an event names a block that never began');
    return block;
  }
}

function asFields(value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw unreadable('an event lacks a part that it must have');
}

function asText(value: unknown, field: string): string {
  if (typeof value === 'string') return value;
  throw unreadable(`an event's ${field} is no text`);
}

function asIndex(event: Fields): number {
  const { index } = event;
  if (Number.isSafeInteger(index)) return Number(index);
  throw unreadable("an event's index is no whole number");
}

function unreadable(message: string): BrokenAnswer {
  return new BrokenAnswer('unreadable', message);
}
