/**
 * A signal carries word from a part to another part that is built later. The first part does not know
 * its listener; the listener calls `on` when it is built. So parts can be built in the order in which
 * they depend on each other.
 */
export class Signal<Args extends readonly unknown[] = []> {
  #hear: ((...args: Args) => void) | null = null;

  /** Each signal has one listener, for as long as the runtime lives. */
  on(hear: (...args: Args) => void): void {
    if (this.#hear !== null) throw new TypeError('this signal has its listener already');
    this.#hear = hear;
  }

  /** Does nothing while there is no listener: the runtime has not begun then. */
  readonly tell = (...args: Args): void => this.#hear?.(...args);
}
