/**
 * Guards the abort signals that tasks and providers are given. When a listener of a signal throws or
 * rejects, Node throws that on the process, and the process ends. A signal must stay a real
 * `AbortSignal`, because `fetch` and Node's own functions look for one, so each listener is guarded when
 * it is added (promise 13).
 *
 * Signals that an author derives from it (`AbortSignal.any`) are not guarded: the author answers for
 * those.
 */
import { fromPromise, type PromiseActorLogic } from 'xstate';
import { callOutside } from './host-code.ts';

type Failed = (thrown: unknown) => void;
type Listener = Parameters<AbortSignal['addEventListener']>[1];
type Options = Parameters<AbortSignal['addEventListener']>[2];

type Guards = {
  readonly failed: Failed;
  /** The guard of each listener that an author has added. */
  readonly byListener: WeakMap<object, (event: Event) => void>;
  onabort: Listener | null;
};

/** The guards of each guarded signal. */
const guards = new WeakMap<AbortSignal, Guards>();

/** The same signal; what its listeners throw from now on goes to `failed`. */
export function guardSignal(signal: AbortSignal, failed: Failed): AbortSignal {
  guards.set(signal, { failed, byListener: new WeakMap(), onabort: null });
  // All signals share one prototype. Methods of a signal's own would be made for every call and every
  // task.
  return Object.setPrototypeOf(signal, guarded) as AbortSignal;
}

function guardOf(signal: AbortSignal, listener: Listener): Listener {
  // Node itself refuses any other value, with its own error.
  if ((typeof listener !== 'object' && typeof listener !== 'function') || listener === null)
    return listener;
  const of = guards.get(signal);
  const known = of?.byListener.get(listener);
  if (of === undefined || known !== undefined) return known ?? listener;
  const guard = (event: Event): void =>
    callOutside(
      () =>
        typeof listener === 'function'
          ? (listener.call(signal, event) as unknown)
          : listener.handleEvent(event),
      of.failed,
    );
  of.byListener.set(listener, guard);
  return guard;
}

const plain = AbortSignal.prototype;
const method = { configurable: true, writable: true };
const guarded = Object.create(plain, {
  addEventListener: {
    ...method,
    value(this: AbortSignal, type: string, listener: Listener, options?: Options) {
      plain.addEventListener.call(this, type, guardOf(this, listener), options);
    },
  },
  removeEventListener: {
    ...method,
    value(this: AbortSignal, type: string, listener: Listener, options?: Options) {
      plain.removeEventListener.call(this, type, guardOf(this, listener), options);
    },
  },
  onabort: {
    configurable: true,
    get(this: AbortSignal) {
      return guards.get(this)?.onabort ?? null;
    },
    set(this: AbortSignal, listener: unknown) {
      const onabort = typeof listener === 'function' ? (listener as Listener) : null;
      const of = guards.get(this);
      if (of !== undefined) of.onabort = onabort;
      Reflect.set(plain, 'onabort', onabort === null ? null : guardOf(this, onabort), this);
    },
  },
}) as AbortSignal;

type Promising = PromiseActorLogic<unknown, unknown>;
type Creator = Parameters<typeof fromPromise<unknown, unknown>>[0];
type Made = { readonly config?: unknown; readonly start?: unknown };

const startText = String((fromPromise(() => Promise.resolve()) as Made).start);

/**
 * The same promise logic, but its function gets a guarded signal. XState makes the signal itself and
 * keeps the author's function as `config`. Logic with a `start` of its own is left as it is.
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
