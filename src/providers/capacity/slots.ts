/**
 * The slots of one gate, each an actor of the chart `provider-slot`.
 *
 * It owns slot numbers, what each slot holds, and what has changed since that was last written.
 * gate.ts decides how many slots may be in use.
 *
 * 1. A slot holds a call exactly while it is `calling`.
 * 2. Slot numbers are below `ceiling`. A new number is used only if no slot is idle, so there are no
 *    more rows than calls were ever in flight at once.
 * 3. Changes are kept per slot, so the changes that wait to be written are bounded by the ceiling.
 */
import { limits } from '../../domain/limits.ts';
import type { ProviderFaultKind } from '../port.ts';
import { heddleError } from '../../domain/errors.ts';
import type { SlotStatus } from '../../../machines/provider-slot.ts';
import { initialSlotStatus, nextSlotStatus, type SlotEvent } from './charts.ts';

type Slot<Held> = {
  readonly slot: number;
  status: SlotStatus;
  held: Held | null;
  changed: boolean;
  calls: number;
  rateLimited: number;
};

/**
 * How a slot has changed since the last time; the counters hold what was added since. `calls` counts
 * slots that were given. A withheld request takes its count back, so `calls` may be below zero.
 */
export type SlotChange<Held> = {
  readonly slot: number;
  readonly status: SlotStatus;
  readonly held: Held | null;
  readonly calls: number;
  readonly rateLimited: number;
};

/**
 * How a call left its slot. `aborted` says nothing about the provider. Neither does `timed-out`,
 * because the limit was the author's, nor `withheld`: the slot was durable, but no request went out.
 */
export type CallOutcome =
  | { readonly kind: 'ok' | 'aborted' | 'timed-out' | 'withheld' }
  | {
      readonly kind: ProviderFaultKind;
      readonly retryAfterMs: number | null;
      /** What the fault says. */
      readonly text?: string;
    };

/** A fault of the provider's own: it refused, did not answer, or asked to wait. */
export type GateFault = { readonly text: string; readonly atMs: number };

/** Null for an outcome that is no fault of the provider's own. */
export function faultIn(outcome: CallOutcome, atMs: number): GateFault | null {
  if (!('text' in outcome) || outcome.text === undefined) return null;
  if (outcome.kind === 'caller' || outcome.kind === 'retry-once') return null;
  return { text: outcome.text.slice(0, limits.faultCharsMax), atMs };
}

export class Slots<Held> {
  readonly #ceiling: number;
  readonly #slots: Slot<Held>[] = [];
  readonly #idle: Slot<Held>[] = [];
  readonly #resting: Slot<Held>[] = [];
  readonly #changed: Slot<Held>[] = [];
  #calling = 0;
  #peak = 0;

  constructor(ceiling: number) {
    this.#ceiling = ceiling;
  }

  get calling(): number {
    return this.#calling;
  }

  /** The highest number of slots that were `calling` at once. */
  get peak(): number {
    return this.#peak;
  }

  /** Puts a call into a slot; the caller has checked that fewer than `ceiling` are calling. */
  take(held: Held): number {
    const slot = this.#idle.pop() ?? this.#wakeOne() ?? this.#addSlot();
    this.#move(slot, 'GRANT');
    slot.held = held;
    slot.calls += 1;
    this.#calling += 1;
    this.#peak = Math.max(this.#peak, this.#calling);
    return slot.slot;
  }

  peek(number: number): Held | null {
    return this.#slots[number]?.held ?? null;
  }

  heldIn(number: number): Held {
    const slot = this.#slots[number];
    if (slot === undefined || slot.held === null) {
      throw heddleError('illegal-transition', {
        chart: 'provider-slot',
        event: 'RELEASE',
        state: slot?.status ?? 'idle',
      });
    }
    return slot.held;
  }

  leave(number: number, event: 'RELEASE' | 'BACK_OFF' | 'STALL', isWithheld = false): void {
    const slot = this.#slots[number];
    if (slot === undefined) return;
    if (isWithheld) slot.calls -= 1;
    this.#move(slot, event);
    slot.held = null;
    if (event === 'BACK_OFF') slot.rateLimited += 1;
    this.#calling -= 1;
    (slot.status === 'idle' ? this.#idle : this.#resting).push(slot);
  }

  /** The gate is open again, so slots that rested become idle. */
  resume(): void {
    for (const slot of this.#resting) {
      this.#wake(slot);
      this.#idle.push(slot);
    }
    this.#resting.length = 0;
  }

  takeChanges<Change>(toChange: (change: SlotChange<Held>) => Change): Change[] {
    const changes = this.#changed.map(toChange);
    for (const slot of this.#changed) {
      slot.changed = false;
      slot.calls = 0;
      slot.rateLimited = 0;
    }
    this.#changed.length = 0;
    return changes;
  }

  /**
   * The change of this slot that was taken has not been written, so its current state is reported
   * again.
   */
  giveBack(number: number, counts: { readonly calls: number; readonly rateLimited: number }): void {
    const slot = this.#slots[number];
    if (slot === undefined) return;
    slot.calls += counts.calls;
    slot.rateLimited += counts.rateLimited;
    this.#mark(slot);
  }

  /** A probe needs a slot while the others rest. */
  #wakeOne(): Slot<Held> | undefined {
    const slot = this.#resting.pop();
    if (slot !== undefined) this.#wake(slot);
    return slot;
  }

  #wake(slot: Slot<Held>): void {
    this.#move(slot, slot.status === 'stalled' ? 'REOPEN' : 'RELEASE');
  }

  #addSlot(): Slot<Held> {
    const number = this.#slots.length;
    if (number >= this.#ceiling) throw new RangeError(`more than ${this.#ceiling} slots in use`);
    const slot: Slot<Held> = {
      slot: number,
      status: initialSlotStatus,
      held: null,
      changed: false,
      calls: 0,
      rateLimited: 0,
    };
    this.#slots.push(slot);
    return slot;
  }

  #move(slot: Slot<Held>, event: SlotEvent): void {
    slot.status = nextSlotStatus(slot.status, event);
    this.#mark(slot);
  }

  #mark(slot: Slot<Held>): void {
    if (slot.changed) return;
    slot.changed = true;
    this.#changed.push(slot);
  }
}
