/**
 * Virtual time: everything that crosses a port is an item here, and happens at its instant. Owns
 * the clock and the order; leaves to the world what an item does.
 *
 * 1. Items happen in the order of their instants, then of their numbers: nothing else decides.
 * 2. Time moves only when an item happens.
 */
import type { Failed, Plan } from './schedule.ts';
import type { Replica } from './replica.ts';

type ItemKind = 'request' | 'reply' | 'timer' | 'soon' | 'hint' | 'command' | 'start';

export type Item = {
  readonly number: number;
  readonly kind: ItemKind;
  readonly what: string;
  /** Whose it is: a crash at this item is the crash of this replica. */
  readonly replica: Replica | null;
  readonly happen: (failed: Failed | null) => void;
  atMs: number;
  cancelled: boolean;
};

export class Timeline {
  readonly #plan: Plan;
  readonly #items: Item[] = [];
  #nowMs = 0;
  #count = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Items that came to be so far. */
  get count(): number {
    return this.#count;
  }

  add(
    { kind, what, replica, happen }: Pick<Item, 'kind' | 'what' | 'replica' | 'happen'>,
    delayMs: number,
  ): Item {
    const number = this.#count++;
    const atMs = this.#nowMs + delayMs + this.#plan.slowMs(number);
    const item: Item = { number, kind, what, replica, happen, atMs, cancelled: false };
    this.#items.push(item);
    return item;
  }

  /** Takes the next item and moves time to it. */
  next(): Item | null {
    for (;;) {
      const item = this.#first();
      if (item === null) return null;
      const thawMs = item.kind === 'request' ? 0 : (item.replica?.frozenUntilMs ?? 0);
      if (item.atMs < thawMs) {
        item.atMs = thawMs;
        continue;
      }
      this.#items.splice(this.#items.indexOf(item), 1);
      if (item.cancelled) continue;
      this.#nowMs = Math.max(this.#nowMs, item.atMs);
      return item;
    }
  }

  /** True while something that this replica sent has not arrived. */
  isUnderWay(replica: Replica): boolean {
    return this.#items.some((item) => item.kind === 'request' && item.replica === replica);
  }

  #first(): Item | null {
    let first: Item | null = null;
    for (const item of this.#items) {
      if (first === null || item.atMs < first.atMs) first = item;
      else if (item.atMs === first.atMs && item.number < first.number) first = item;
    }
    return first;
  }
}

/** An item as people read it. */
export function lineOf({ number, atMs, kind, what, replica }: Item): string {
  const of = kind === 'reply' ? `${what}: reply` : what;
  return `${number} @${atMs} ${replica?.name ?? 'client'} ${of}`;
}
