/**
 * Why and when an exchange ends: its deadline, silence, the caller's abort, or what broke.
 *
 * It owns the timers and the signal that cuts the socket. The first reason is the reason: a cut
 * socket brings errors of its own, which say nothing.
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

  /** Breaks with this reason unless the function that it returns is called in time. */
  within(ms: number, breakage: Breakage): () => void {
    const timer = setTimeout(() => this.break(breakage), ms);
    return () => clearTimeout(timer);
  }

  break(breakage: Breakage): void {
    this.#over(breakage);
    this.cut();
  }

  /** The call's fate is known: nothing ends it any more, and nobody listens. */
  settle(): void {
    this.#over('settled');
  }

  /** Closes the socket, if the answer is not over. */
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
