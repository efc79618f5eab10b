/**
 * Why and when an exchange ends: at its deadline, by silence, by the caller's abort, or because it
 * broke.
 *
 * It owns the timers and the signal that cuts the socket. Only the first reason is kept: a cut socket
 * causes further errors, which say nothing about the cause.
 */
import type { Breakage } from '../classification.ts';
import type { WireLimits } from './wire-limits.ts';

export class ExchangeEnd {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal;
  readonly #deadline: NodeJS.Timeout;
  #reason: Breakage | 'aborted' | 'settled' | null = null;

  constructor(limits: WireLimits, caller: AbortSignal) {
    this.#caller = caller;
    this.#deadline = setTimeout(() => this.break('deadline'), limits.deadlineMsMax);
    if (caller.aborted) this.#onAbort();
    else caller.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Aborts when the exchange must end now. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get breakage(): Breakage | null {
    return this.#reason === 'aborted' || this.#reason === 'settled' ? null : this.#reason;
  }

  get isAborted(): boolean {
    return this.#reason === 'aborted';
  }

  /** Breaks with this reason, unless the returned function is called in time. */
  within(ms: number, breakage: Breakage): () => void {
    const timer = setTimeout(() => this.break(breakage), ms);
    return () => clearTimeout(timer);
  }

  break(breakage: Breakage): void {
    this.#over(breakage);
    this.cut();
  }

  /** The call's fate is known: timers and the caller's abort no longer end the exchange. */
  settle(): void {
    this.#over('settled');
  }

  /** Closes the socket, unless the answer has ended. */
  cut(): void {
    this.#controller.abort();
  }

  readonly #onAbort = (): void => {
    this.#over('aborted');
    this.cut();
  };

  #over(reason: Breakage | 'aborted' | 'settled'): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    clearTimeout(this.#deadline);
    this.#caller.removeEventListener('abort', this.#onAbort);
  }
}
