/** Refusals of keys and spend, in the host's log. */
import type { Log } from '../../ports.ts';

/**
 * Logs that a provider refuses key or spend, in the provider's words, because only a person can mend that.
 * It logs once per provider: every call that is under way may meet the same refusal.
 */
export class Refusals {
  readonly #log: Log;
  readonly #told = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  tell(provider: string, reason: string): void {
    if (this.#told.has(provider)) return;
    this.#told.add(provider);
    this.#log.warn('a provider refuses key or spend and is parked', { provider, reason });
  }

  reopened(provider: string): void {
    this.#told.delete(provider);
  }
}
