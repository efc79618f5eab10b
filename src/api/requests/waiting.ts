/**
 * A request that waits for something: until the server closes, or until who has asked is gone. Nothing is listened to
 * before it is asked for, because few requests wait.
 */
import type { EventEmitter } from 'node:events';

type Socket = Pick<EventEmitter, 'once' | 'off'> & { readonly destroyed?: boolean };

export class Waiting {
  readonly #closing: AbortSignal;
  readonly #socket: Socket;
  #over: AbortController | null = null;

  constructor(closing: AbortSignal, socket: Socket) {
    this.#closing = closing;
    this.#socket = socket;
  }

  /** Aborts when nobody waits any more. */
  get signal(): AbortSignal {
    if (this.#over !== null) return this.#over.signal;
    this.#over = new AbortController();
    this.#closing.addEventListener('abort', this.#abort);
    this.#socket.once('close', this.#abort);
    if (this.#closing.aborted || this.#socket.destroyed === true) this.#abort();
    return this.#over.signal;
  }

  /** It is answered. */
  end(): void {
    if (this.#over === null) return;
    this.#closing.removeEventListener('abort', this.#abort);
    this.#socket.off('close', this.#abort);
  }

  readonly #abort = (): void => this.#over?.abort();
}
