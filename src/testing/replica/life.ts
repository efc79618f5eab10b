/**
 * The life of one replica of a test. After its end, as after a SIGKILL, nothing of the replica
 * reaches the store, the clock or a provider, and no answer reaches the replica: its memory is as
 * good as gone.
 *
 * An author's code that was under way cannot be stopped within a process. It goes on, without any
 * effect.
 */
import { heddleError } from '../../domain/errors.ts';
import type { Provider } from '../../providers/port.ts';
import type { Clock } from '../../runtime/ports.ts';
import type { Store } from '../../store/port.ts';

export class Life {
  /** Resolves when the life ends. */
  readonly ended: Promise<void>;
  /** True after a close in good order: requests are then refused with that reason. */
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

  /** Resolves or rejects as the given promise does; never, if the life ends first. */
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

/**
 * A store for one life. Its `close` ends the life's use of the store, but does not close the store.
 */
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

/** A provider for one life. Its `close` does nothing, because the provider outlives the replica. */
export function mortalProvider(provider: Provider, life: Life): Provider {
  return {
    ...described(provider),
    call: (call) => (life.isOver ? never() : life.heard(provider.call(call))),
  };
}

/** A provider's properties, read once; the provider may be an instance of its author's class. */
function described(provider: Provider): Omit<Provider, 'call' | 'close'> {
  const { name, ceiling, startsAt, models, tiers } = provider;
  const { sharesCeilingWith, pricePerMillion, supports } = provider;
  return { name, ceiling, startsAt, models, tiers, sharesCeilingWith, pricePerMillion, supports };
}
