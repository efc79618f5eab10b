/**
 * The abort signals that tasks and providers are given. Node throws what a listener of a signal throws,
 * or rejects with, on the process. A signal must stay a real `AbortSignal` (`fetch` and Node's own
 * functions look for one), so its listeners are guarded where they come in (promise 13).
 *
 * Out of reach are signals that an author derives from it (`AbortSignal.any`): those are the author's.
 */
import { fromPromise, type PromiseActorLogic } from 'xstate';
import { callOutside } from './host-code.ts';

type Failed = (thrown: unknown) => void;
type Listener = Parameters<AbortSignal['addEventListener']>[1];
type Options = Parameters<AbortSignal['addEventListener']>[2];

/** The same signal; what its listeners throw from now on goes to `failed`. */
export function guardSignal(signal: AbortSignal, failed: Failed): AbortSignal {
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  const guards = new WeakMap<object, (event: Event) => void>();
  const guardOf = (listener: Listener): Listener => {
    // Node says what is wrong with anything else.
    if ((typeof listener !== 'object' && typeof listener !== 'function') || listener === null)
      return listener;
    const known = guards.get(listener);
    if (known !== undefined) return known;
    const guard = (event: Event): void =>
      callOutside(
        () =>
          typeof listener === 'function'
            ? (listener.call(signal, event) as unknown)
            : listener.handleEvent(event),
        failed,
      );
    guards.set(listener, guard);
    return guard;
  };
  let onabort: Listener | null = null;
  const method = { configurable: true, writable: true };
  return Object.defineProperties(signal, {
    addEventListener: {
      ...method,
      value: (type: string, listener: Listener, options?: Options) =>
        add(type, guardOf(listener), options),
    },
    removeEventListener: {
      ...method,
      value: (type: string, listener: Listener, options?: Options) =>
        remove(type, guardOf(listener), options),
    },
    onabort: {
      configurable: true,
      get: () => onabort,
      set: (listener: unknown) => {
        onabort = typeof listener === 'function' ? (listener as Listener) : null;
        const guard = onabort === null ? null : guardOf(onabort);
        Reflect.set(AbortSignal.prototype, 'onabort', guard, signal);
      },
    },
  });
}

type Promising = PromiseActorLogic<unknown, unknown>;
type Creator = Parameters<typeof fromPromise<unknown, unknown>>[0];
type Made = { readonly config?: unknown; readonly start?: unknown };

const startText = String((fromPromise(() => Promise.resolve()) as Made).start);

/**
 * The same promise logic, whose function gets a guarded signal. XState makes the signal itself and keeps
 * the author's function as `config`. Logic with a `start` of its own is left as it is.
 */
export function withGuardedSignal(logic: Promising, failed: Failed): Promising {
  const { config, start } = logic as Made;
  if (typeof config !== 'function' || String(start) !== startText) return logic;
  const create = config as Creator;
  return fromPromise<unknown, unknown>((args) => {
    guardSignal(args.signal, failed);
    return create(args);
  });
}
