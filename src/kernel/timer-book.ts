/**
 * The timers of one macrostep. A timer id has one generation: scheduling it again replaces the one
 * before. (A live actor would forget the first timeout without clearing it, so that both fire.)
 */
import type { Effect } from '../domain/effect.ts';
import { heddleError, type HeddleError } from '../domain/errors.ts';
import { checkName } from '../domain/ids.ts';
import { limits } from '../domain/limits.ts';
import { settleEvent } from './chart-event.ts';
import { drop, put, type Numbers, type Timer, type TimerTarget } from './frame.ts';

/** A delayed raise or send as XState resolved it. */
export type Delayed = {
  readonly id: string | undefined;
  readonly delay: number;
  readonly event: unknown;
  readonly to: TimerTarget;
};

export class TimerBook {
  timers: readonly Timer[];
  readonly #effects: Effect[];
  readonly #numbers: Numbers;
  readonly #afterIds: ReadonlyMap<string, string>;

  constructor(parts: {
    readonly timers: readonly Timer[];
    readonly effects: Effect[];
    readonly numbers: Numbers;
    readonly afterIds: ReadonlyMap<string, string>;
  }) {
    this.timers = parts.timers;
    this.#effects = parts.effects;
    this.#numbers = parts.numbers;
    this.#afterIds = parts.afterIds;
  }

  schedule({ id: name, delay, event, to }: Delayed): void {
    if (!Number.isFinite(delay) || delay > limits.delayMsMax) {
      throw noDelay(event, `must be at most ${limits.delayMsMax} ms and is ${delay}`, name);
    }
    const generation = ++this.#numbers.last;
    const after = name === undefined ? undefined : this.#afterIds.get(name);
    const id = after ?? (name === undefined ? `auto:${generation}` : sendId(name));
    const kept = after === undefined ? settleEvent(event, `the event of timer "${id}"`) : null;
    this.#end(id);
    this.timers = put(this.timers, { id, generation, event: kept, to });
    const delayMs = Math.max(0, Math.ceil(delay));
    this.#effects.push({ kind: 'schedule', id, generation, delayMs });
  }

  /** Cancels by the name that the author, or XState for an `after`, gave to the delayed event. */
  cancel(name: unknown): void {
    if (typeof name === 'string') this.#unschedule(this.#afterIds.get(name) ?? `send:${name}`);
  }

  close(): void {
    for (const timer of this.timers) this.#unschedule(timer.id);
  }

  /**
   * Gives the number of a child that has now started to the events that were delayed for it before.
   */
  address(child: string, incarnation: number): void {
    this.timers = this.timers.map((timer) => {
      const { to } = timer;
      const waits = typeof to === 'object' && to.child === child && to.incarnation === 0;
      return waits ? { ...timer, to: { child, incarnation } } : timer;
    });
  }

  #unschedule(id: string): void {
    this.#end(id);
    this.timers = drop(this.timers, id);
  }

  /** Closes the open timer of this id; the id keeps its place. */
  #end(id: string): void {
    const timer = this.timers.find((other) => other.id === id);
    if (timer === undefined) return;
    const { generation } = timer;
    const scheduled = this.#effects.findIndex(
      (effect) => effect.kind === 'schedule' && effect.generation === generation,
    );
    // A timer that was scheduled within this macrostep is removed together with its effect.
    if (scheduled >= 0) this.#effects.splice(scheduled, 1);
    else this.#effects.push({ kind: 'unschedule', id, generation });
  }
}

/** The prefix keeps an author's name apart from an `after` and from nameless timers. */
function sendId(name: string): string {
  return `send:${checkName(name, 'the id of a delayed event')}`;
}

/** The error of a computed delay that is no valid time: it ends the run. */
export function noDelay(event: unknown, reason: string, name?: string): HeddleError {
  return heddleError('invalid-field', {
    field: `the delay of ${name ?? nameOfEvent(event)}`,
    reason,
  });
}

function nameOfEvent(event: unknown): string {
  const { type } = (event ?? {}) as { readonly type?: unknown };
  return typeof type === 'string' ? `the event "${type}"` : 'an event';
}
