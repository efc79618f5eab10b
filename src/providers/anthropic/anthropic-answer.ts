/**
 * Gathers Anthropic's stream of events into a result. The events come from a socket and may differ
 * from the SDK's types, so each field is checked before it is used.
 *
 * It owns the blocks of one answer until they are complete.
 *
 * 1. `isComplete` is true only after message_start, a stop reason, the stop of every block, and
 *    message_stop. The SDK's stream ends without an error when the connection ends, or on an abort.
 */
import type { ModelDelta, ProviderAnswer } from '../../domain/catalogue.ts';
import { callsOfParts, isPlain, textOfParts } from '../../domain/model/parts.ts';
import { stopOf } from '../stop-reasons.ts';
import { AnswerSize } from '../wire/answer-text.ts';
import { type AnswerBlock, blockOf } from './answer-block.ts';
import {
  asFields,
  asIndex,
  asText,
  type Fields,
  nameCharsMax,
  unreadable,
} from './answer-fields.ts';
import { AnswerUsage } from './answer-usage.ts';

const blocksMax = 1_024;
const explanationCharsMax = 500;

export class AnthropicAnswer {
  readonly #onDelta: (delta: ModelDelta) => void;
  readonly #size = new AnswerSize();
  readonly #blocks = new Map<number, AnswerBlock>();
  readonly #usage = new AnswerUsage();
  #model: string | null = null;
  #stopReason: string | null = null;
  #refusal: string | null = null;
  #isStopped = false;

  constructor(onDelta: (delta: ModelDelta) => void) {
    this.#onDelta = onDelta;
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

  /** Call it only when `isComplete`. `notes`: what the request left out. */
  output(provider: string, notes: readonly string[] = []): ProviderAnswer {
    const stopReason = this.#stopReason ?? '';
    const blocks = [...this.#blocks.entries()].sort(([a], [b]) => a - b);
    const parts = blocks
      .map(([, block]) => block.part(stopReason))
      .filter((part) => part.type !== 'text' || part.text !== '');
    const toolCalls = callsOfParts(parts);
    const told = this.#refusal === null ? notes : [...notes, this.#refusal];
    return {
      text: textOfParts(parts),
      toolCalls,
      ...(isPlain(parts) ? {} : { parts }),
      ...stopOf(stopReason, toolCalls.length > 0),
      ...(told.length === 0 ? {} : { notes: told }),
      usage: this.#usage.tokens,
      provider,
      model: this.#model ?? '',
    };
  }

  #start(message: Fields): void {
    if (this.#model !== null) throw unreadable('message_start came twice');
    this.#model = asText(message['model'], 'model').slice(0, nameCharsMax);
    this.#usage.take(message['usage']);
  }

  #open(index: number, block: Fields): void {
    if (this.#model === null || this.#blocks.has(index) || this.#blocks.size >= blocksMax) {
      throw unreadable(`block ${index} begins where none may`);
    }
    this.#blocks.set(index, blockOf(block, this.#onDelta, this.#size));
  }

  #add(block: AnswerBlock, delta: Fields): void {
    if (!block.isOpen) throw unreadable('a delta came for a block that has ended');
    block.add(delta);
  }

  #end(delta: Fields, usage: unknown): void {
    if (typeof delta['stop_reason'] === 'string' && delta['stop_reason'] !== '') {
      this.#stopReason = delta['stop_reason'].slice(0, nameCharsMax);
    }
    this.#refusal = refusalText(delta['stop_details']) ?? this.#refusal;
    this.#usage.take(usage);
  }

  #stop(): void {
    const isWhole = [...this.#blocks.values()].every(({ isOpen }) => !isOpen);
    if (this.#model === null || this.#stopReason === null || !isWhole) {
      throw unreadable('message_stop came before the message was whole');
    }
    this.#isStopped = true;
  }

  #block(event: Fields): AnswerBlock {
    const block = this.#blocks.get(asIndex(event));
    if (block === undefined) throw unreadable('an event names a block that never began');
    return block;
  }
}

/** Why the model refused, for the answer's notes. */
function refusalText(details: unknown): string | null {
  if (typeof details !== 'object' || details === null) return null;
  const { category, explanation } = details as Fields;
  const words = [category, explanation].filter((word) => typeof word === 'string' && word !== '');
  return words.length === 0
    ? null
    : `The model refused: ${words.join(': ').slice(0, explanationCharsMax)}`;
}
