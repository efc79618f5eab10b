/**
 * Word upwards: a part says that something has happened and does not know who hears it. The one that hears
 * is built later, and says so to the signal when it is; so parts are built in the order in which they
 * depend on each other.
 */
export class Signal<Args extends readonly unknown[] = []> {
  #hear: ((...args: Args) => void) | null = null;

  /** Each signal has one listener, for as long as the runtime lives. */
  on(hear: (...args: Args) => void): void {
    if (this.#hear !== null) throw new TypeError('this signal has its listener already');
    this.#hear = hear;
  }

  /** Before anybody listens nothing has begun, and what is told then is told to nobody. */
  readonly tell = (...args: Args): void => this.#hear?.(...args);
}
