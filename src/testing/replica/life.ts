/**
 * The life of one replica of a test. When it is over, as by a SIGKILL, nothing of the replica reaches the
 * store, the clock or a provider any more, and no answer reaches it: its memory is as good as gone.
 *
 * Code of an author's that was under way cannot be stopped within a process: it goes on, unheard.
 */
import { heddleError } from '../../domain/errors.ts';
import type { Provider } from '../../providers/port.ts';
import type { Clock } from '../../runtime/ports.ts';
import type { Store } from '../../store/port.ts';

export class Life {
  /** Resolves at its end. */
  readonly ended: Promise<void>;
  /** It was closed in good order: what still asks is told so. */
  closed = false;
  #isOver = false;
  #tell: () => void = () => undefined;

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#tell = resolve;
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  end(): void {
    this.#isOver = true;
    this.#tell();
  }

  /** What this promise gives, or nothing for ever where the life ends before. */
  async heard<Value>(answer: Promise<Value>): Promise<Value> {
    try {
      const value = await answer;
      return this.#isOver ? await never() : value;
    } catch (error) {
      if (this.#isOver) return never();
      throw error;
    }
  }
}

export function never<Value>(): Promise<Value> {
  return new Promise(() => undefined);
}

export function mortalClock(clock: Clock, life: Life): Clock {
  const ifAlive = (run: () => void) => () => {
    if (!life.isOver) run();
  };
  return {
    nowMs: () => clock.nowMs(),
    setTimer: (delayMs, ring) => (life.isOver ? nothing : clock.setTimer(delayMs, ifAlive(ring))),
    soon: (run) => {
      if (!life.isOver) clock.soon(ifAlive(run));
    },
  };
}

function nothing(): void {}

/** Its `close` ends the life's use of the store, and not the store. */
export function mortalStore(store: Store, life: Life): Store {
  const mortal = Object.entries(store).map(([name, method]: [string, unknown]) => {
    if (typeof method !== 'function') return [name, method];
    return [
      name,
      (...args: unknown[]): Promise<unknown> => {
        if (life.isOver) return never();
        if (life.closed && name !== 'close') return Promise.reject(heddleError('closed'));
        return life.heard(Promise.resolve(Reflect.apply(method, store, args) as unknown));
      },
    ];
  });
  return { ...(Object.fromEntries(mortal) as Store), close: async () => void (life.closed = true) };
}

/** Its `close` does nothing: the provider is the world's, and outlives the replica. */
export function mortalProvider(provider: Provider, life: Life): Provider {
  return {
    ...described(provider),
    call: (call) => (life.isOver ? never() : life.heard(provider.call(call))),
  };
}

/** What it says of itself, read once; a provider may be a class of its author's. */
function described(provider: Provider): Omit<Provider, 'call' | 'close'> {
  const { name, ceiling, startsAt, models, tiers, sharesCeilingWith, pricePerMillion } = provider;
  return { name, ceiling, startsAt, models, tiers, sharesCeilingWith, pricePerMillion };
}
