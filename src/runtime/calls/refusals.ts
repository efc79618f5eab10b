/**
 * Says that a provider refuses key or spend, with its own words: only a person can mend that. Once, for
 * every call in flight may bring it.
 */
import type { Log } from '../ports.ts';

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
