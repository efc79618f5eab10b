/**
 * One simulated process: a runtime whose every way out (store, provider, clock) is an item on the
 * timeline. When it dies, nothing reaches it any more; what it has sent still arrives.
 */
import { heddleError } from '../../src/domain/errors.ts';
import type { ProviderAnswer } from '../../src/domain/catalogue.ts';
import type { Agent, Kernel } from '../../src/kernel/port.ts';
import { ProviderFault, type Provider, type ProviderCall } from '../../src/providers/port.ts';
import { Runtime } from '../../src/runtime/runtime.ts';
import type { CapacityChanges } from '../../src/domain/capacity-settings.ts';
import type { RuntimeSettings } from '../../src/runtime/settings.ts';
import type { Clock, Ids, Log } from '../../src/runtime/ports.ts';
import type { MemoryStore } from '../../src/store/memory/memory-store.ts';
import type { Hint, Store } from '../../src/store/port.ts';
import type { Failed } from './schedule.ts';
import type { Timeline } from './timeline.ts';

/** One way of a message between processes on a quiet day. */
const wayMs = 1;

/** What a replica tells the world of, so that the world can judge. */
type Witness = {
  /** A store's method has taken effect. */
  readonly saw: (
    replica: Replica,
    method: string,
    args: readonly unknown[],
    result: unknown,
  ) => void;
  /** A hint or a reply was lost. */
  readonly lost: (replica: Replica, what: string, about: unknown) => void;
  readonly called: (replica: Replica, provider: string, call: ProviderCall) => CallScript;
  readonly log: (replica: Replica, message: string, facts: unknown) => void;
};

/** How a provider's call goes. */
export type CallScript = {
  readonly afterMs: number;
  readonly answer: () => ProviderAnswer;
};

/** A provider as routing and histories see it: the world answers in its place. */
export type SimulatedProvider = Omit<Provider, 'call' | 'close'>;

export type ReplicaParts = {
  readonly name: string;
  readonly timeline: Timeline;
  readonly store: MemoryStore;
  readonly kernel: Kernel;
  readonly agents: readonly Agent[];
  readonly providers: readonly SimulatedProvider[];
  readonly ids: Ids;
  readonly settings: Partial<RuntimeSettings>;
  readonly keeping: NonNullable<CapacityChanges['keeping']>;
  readonly witness: Witness;
};

export class Replica {
  readonly name: string;
  readonly runtime: Runtime;
  readonly died: Promise<'died'>;
  frozenUntilMs = 0;
  /** True once it has taken shards and may be talked to. */
  ready = false;
  closing = false;
  #alive = true;
  #tellDeath: () => void = () => undefined;
  readonly #parts: ReplicaParts;

  constructor(parts: ReplicaParts) {
    this.name = parts.name;
    this.#parts = parts;
    this.died = new Promise((resolve) => {
      this.#tellDeath = () => resolve('died');
    });
    const { kernel, agents, ids, settings, keeping } = parts;
    this.runtime = new Runtime({
      store: this.#store(),
      kernel,
      agents,
      providers: parts.providers.map((provider) => this.#provider(provider)),
      clock: this.#clock(),
      ids,
      log: this.#log(),
      settings,
      capacity: { keeping },
    });
  }

  get alive(): boolean {
    return this.#alive;
  }

  die(): void {
    this.#alive = false;
    this.ready = false;
    this.#tellDeath();
  }

  #add(
    kind: 'reply' | 'timer' | 'soon' | 'hint',
    what: string,
    delayMs: number,
    happen: (failed: Failed | null) => void,
  ): { cancel(): void } {
    if (!this.#alive) return { cancel: () => undefined };
    const item = this.#parts.timeline.add(
      {
        kind,
        what,
        replica: this,
        happen: (failed) => {
          if (this.#alive) happen(failed);
        },
      },
      delayMs,
    );
    return {
      cancel: () => {
        item.cancelled = true;
      },
    };
  }

  /** A request that travels to `effect`, and its reply that travels back. */
  #cross<Result>(
    what: string,
    effect: (failed: Failed | null) => Promise<Result>,
  ): Promise<Result> {
    if (!this.#alive) return new Promise(() => undefined);
    return new Promise((resolve, reject) => {
      this.#parts.timeline.add(
        {
          kind: 'request',
          what,
          replica: this,
          happen: (failed) => {
            const reply = (give: () => void): void => {
              this.#add('reply', what, wayMs, give);
            };
            effect(failed).then(
              (result) => reply(() => resolve(result)),
              (error: Error) => reply(() => reject(error)),
            );
          },
        },
        wayMs,
      );
    });
  }

  #store(): Store {
    const { store, witness } = this.#parts;
    const unavailable = (): Error => heddleError('store-unavailable', { reason: 'on order' });
    const remote = (name: string, method: (...args: never[]) => Promise<unknown>) => {
      return (...args: readonly unknown[]): Promise<unknown> =>
        this.#cross(name, async (failed) => {
          if (failed === 'before') throw unavailable();
          if (failed === 'error')
            throw heddleError('store-error', { reason: 'on order', sqlstate: 'XX000' });
          if (failed === 'bug') throw new TypeError('a fault on order');
          const result = await (Reflect.apply(method, store, args) as Promise<unknown>);
          witness.saw(this, name, args, result);
          if (failed === null) return result;
          witness.lost(this, name, result);
          throw unavailable();
        });
    };
    const entries = Object.entries(store).map(([name, method]: [string, unknown]) => [
      name,
      typeof method === 'function' ? remote(name, method as never) : method,
    ]);
    const wrapped = Object.fromEntries(entries) as Store;
    return {
      ...wrapped,
      listen: (heard) => this.#cross('listen', () => this.#listen(heard)),
      close: () => Promise.resolve(),
    };
  }

  async #listen(heard: (hint: Hint) => void): Promise<{ close(): Promise<void> }> {
    const { store, witness } = this.#parts;
    return store.listen((hint) => {
      this.#add('hint', 'hears a hint', wayMs, (failed) => {
        if (failed === null) heard(hint);
        else witness.lost(this, 'hint', hint);
      });
    });
  }

  #provider(described: SimulatedProvider): Provider {
    const { witness } = this.#parts;
    const { name } = described;
    return {
      ...described,
      call: (call) =>
        new Promise((resolve, reject) => {
          const what = `asks ${name} for ${call.idempotencyKey.slice(-12)}`;
          const asked = this.#cross(what, (failed) => {
            if (failed === 'before' || failed === 'error') {
              return Promise.reject(new ProviderFault('outage', 'outage on order'));
            }
            if (failed !== null) {
              return Promise.reject(new ProviderFault('rate-limited', '429 on order', 60));
            }
            return new Promise<CallScript>((begin) => begin(witness.called(this, name, call)));
          });
          const abort = (): void => {
            this.#add('reply', `${what}, aborted`, wayMs, () => reject(new Error('aborted')));
          };
          call.signal.addEventListener('abort', abort);
          asked.then(({ afterMs, answer }) => {
            this.#add('reply', `${what}, answered`, afterMs, () => {
              try {
                resolve(answer());
              } catch (thrown) {
                reject(thrown);
              }
            });
          }, reject);
        }),
    };
  }

  #clock(): Clock {
    const { timeline } = this.#parts;
    // Clocks of processes have nothing in common but their pace.
    const offsetMs = this.name.charCodeAt(0) * 1_000_000;
    return {
      nowMs: () => timeline.nowMs + offsetMs,
      setTimer: (delayMs, ring) => {
        const timer = this.#add('timer', 'rings', delayMs, ring);
        return () => timer.cancel();
      },
      soon: (run) => {
        this.#add('soon', 'goes on', 0, run);
      },
    };
  }

  #log(): Log {
    const { witness } = this.#parts;
    // A host's log may throw at every line, and what it throws may have no text.
    const say = (message: string, facts?: unknown): void => {
      witness.log(this, message, facts);
      throw Object.create(null);
    };
    return { info: say, warn: say };
  }
}
