/**
 * What is handed to listeners outside. rxjs throws what a listener throws, and an error that nobody
 * listens for, from a timer: it would end the process. Here both go to `failed` and nowhere else: not to
 * other listeners, and not to whoever has something to tell (promise 13).
 *
 * What operators make of it (`pipe`) is of the same kind. Only a listener of an observable that the
 * author's own code has made of it (`merge`, a subject) is the author's.
 */
import type { Observer, Subscription } from 'rxjs';
import { Observable } from 'rxjs/internal/Observable';
import { callOutside } from './host-code.ts';

type Failed = (thrown: unknown) => void;
type Listener<Value> = Partial<Observer<Value>>;

class OutsideObservable<Value> extends Observable<Value> {
  readonly #failed: Failed;

  constructor(failed: Failed, attach?: (listener: Observer<Value>) => () => void) {
    super(attach);
    this.#failed = failed;
  }

  override lift<Made>(operator?: unknown): Observable<Made> {
    const lifted = new OutsideObservable<Made>(this.#failed);
    // As Observable itself does it: the fields are protected against callers, not against heirs.
    Object.assign(lifted, { source: this, operator });
    return lifted;
  }

  override subscribe(
    observerOrNext?: Listener<Value> | ((value: Value) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    // An operator's own: whoever listens behind it came through here as well.
    if (typeof observerOrNext === 'object' && observerOrNext !== null) {
      if ('unsubscribe' in observerOrNext && 'add' in observerOrNext) {
        return super.subscribe(observerOrNext);
      }
    }
    const listener = typeof observerOrNext === 'object' ? observerOrNext : null;
    const next = typeof observerOrNext === 'function' ? observerOrNext : null;
    const failed = this.#failed;
    return super.subscribe({
      next: (value) =>
        callOutside(() => (listener ? listener.next?.(value) : next?.(value)), failed),
      error: (reason: unknown) => {
        const hears = (listener === null ? error : listener.error) ?? null;
        if (hears === null) failed(reason);
        else callOutside(() => (listener ? listener.error?.(reason) : error?.(reason)), failed);
      },
      complete: () => callOutside(() => (listener ? listener.complete?.() : complete?.()), failed),
    });
  }
}

/** `attach` begins to tell a listener and gives what ends that. It may tell as it likes. */
export function observableOutside<Value>(
  failed: Failed,
  attach: (listener: Observer<Value>) => () => void,
): Observable<Value> {
  return new OutsideObservable<Value>(failed, (listener) =>
    attach({
      // What ends with a listener (`take`, `finalize`) may throw as well.
      next: (value) => callOutside(() => listener.next(value), failed),
      error: (reason: unknown) => callOutside(() => listener.error(reason), failed),
      complete: () => callOutside(() => listener.complete(), failed),
    }),
  );
}
