/**
 * The observables that heddle gives to listeners outside. rxjs throws a listener's error from a
 * timer, and also an error for which there is no listener; either would end the process. Here both
 * go to `failed` and nowhere else: not to other listeners, and not to the code that emits (promise
 * 13).
 *
 * Observables that operators (`pipe`) make of such an observable are guarded too. Those that an
 * author's own code makes of it (`merge`, a subject) are not: the author answers for their
 * listeners.
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
    // `lift` of rxjs sets the same fields. They are protected, so a class that inherits may set them.
    Object.assign(lifted, { source: this, operator });
    return lifted;
  }

  override subscribe(
    observerOrNext?: Listener<Value> | ((value: Value) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    // The subscriber of an operator. The listener behind it was guarded here already.
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

/**
 * `attach` begins to send to a listener and gives a function that ends this. It need not guard what it
 * sends.
 */
export function observableOutside<Value>(
  failed: Failed,
  attach: (listener: Observer<Value>) => () => void,
): Observable<Value> {
  return new OutsideObservable<Value>(failed, (listener) =>
    attach({
      // Code that runs when a listener ends (`take`, `finalize`) may throw as well.
      next: (value) => callOutside(() => listener.next(value), failed),
      error: (reason: unknown) => callOutside(() => listener.error(reason), failed),
      complete: () => callOutside(() => listener.complete(), failed),
    }),
  );
}
