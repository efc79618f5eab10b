/**
 * One model call that an emulator has let in, from its arrival to its end. It owns the call's slot
 * or its place in the queue, and the sending of the answer. `ModelCalls` decides the answer.
 *
 * 1. A slot is held from the start to just before the last byte, or until the client leaves.
 * 2. A call ends exactly once.
 */
import type { ServerResponse } from 'node:http';
import { Sending, type Delivery } from './delivery.ts';
import type { Slots } from './slots.ts';

/** `sent`: the reply went out as a whole, whatever it said. */
export type CallEnd = 'sent' | 'cut' | 'left';

type CallOptions = {
  readonly response: ServerResponse;
  readonly slots: Slots;
  /** Gives the reply to send. It is called when the call has its slot. */
  readonly begin: () => Delivery;
  readonly onHead: (status: number) => void;
  readonly onEnd: (end: CallEnd) => void;
};

export class ActiveCall {
  readonly #options: CallOptions;
  #phase: 'waiting' | 'sending' | 'over' = 'waiting';
  #sending: Sending | null = null;

  constructor(options: CallOptions) {
    this.#options = options;
  }

  /** Returns false, and sends nothing, when no slot and no place in the queue is free. */
  enter(): boolean {
    const { slots, response } = this.#options;
    if (slots.take(this.#start) === 'full') return false;
    response.once('close', this.#left);
    return true;
  }

  readonly #start = (): void => {
    const { response, begin, onHead } = this.#options;
    this.#phase = 'sending';
    const onLast = (end: 'sent' | 'cut'): void => this.#end(end);
    this.#sending = new Sending(response, begin(), { onHead, onLast });
  };

  readonly #left = (): void => {
    if (this.#phase === 'over') return;
    if (this.#phase === 'waiting') this.#options.slots.giveUpWaiting(this.#start);
    this.#sending?.stop();
    this.#end('left');
  };

  #end(end: CallEnd): void {
    const held = this.#phase === 'sending';
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    // The call is counted before its slot is released: the next call starts in the release and may
    // read the counts.
    this.#options.onEnd(end);
    if (held) this.#options.slots.release();
  }
}
