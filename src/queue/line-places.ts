/**
 * About how far back an item stands in a fair line. The order among users follows from what each has been charged when
 * it is asked, so nobody can say it in advance: this counts as if all items cost the same, and users and tenants took
 * turns. Of one user's own items the order is exact.
 *
 * It owns a sample of the line. It leaves time to whoever knows how fast the line moves.
 *
 * 1. A line is sampled when it is asked about, once in `placeSampleMsMin` at most, and less often the longer it is; an answer
 *    then costs O(log n). What is told is of the time of the sample.
 * 2. It keeps the last sample, of numbers, for as long as the line is there.
 */
import { capacityDefaults, type CapacitySettings } from '../domain/capacity-settings.ts';
import type { FairItem } from './fair-place.ts';
import type { Census, FairLine } from './fair-line.ts';
import { isOlder, type FairUser } from './fair-user.ts';

export type LinePlace = {
  readonly length: number;
  readonly aheadOfSameUser: number;
  /** About how many items of all users go before it. */
  readonly ahead: number;
  readonly atMs: number;
};

type Sample = {
  readonly atMs: number;
  readonly length: number;
  readonly classes: readonly Census[];
  /** By user, made when one of its items is asked about. Items by their order, so that none is kept here. */
  readonly ranks: Map<object, ReadonlyMap<number, number>>;
  /** By tenant of a class. */
  readonly turns: Map<readonly number[], Turns>;
};

export class LinePlaces<Item extends FairItem> {
  readonly #line: FairLine<Item>;
  readonly #settings: CapacitySettings['fairness'];
  #sample: Sample | null = null;

  constructor(
    line: FairLine<Item>,
    settings: CapacitySettings['fairness'] = capacityDefaults.fairness,
  ) {
    this.#line = line;
    this.#settings = settings;
  }

  /** Null: it is not in the line. */
  of(item: Item, nowMs: number): LinePlace | null {
    if (item.account === null) return null;
    const sample = this.#sampleAt(nowMs);
    const ranks = ranksIn(sample, item);
    // It came after the sample was taken: behind all that were there.
    const own = ranks.get(item.order) ?? ranks.size;
    const at = this.#line.classIndexOf(item);
    let ahead = 0;
    for (const { size } of sample.classes.slice(0, at)) ahead += size;
    const tenants = sample.classes[at]?.tenants;
    const users = tenants?.get(item.tenant) ?? [];
    const turns = turnsIn(sample, users);
    const inTenant = own + turns.upTo(own + 1) - Math.min(ranks.size, own + 1);
    ahead += inTenant;
    for (const [tenant, counts] of tenants ?? []) {
      if (tenant !== item.tenant) ahead += Math.min(turnsIn(sample, counts).sum, inTenant + 1);
    }
    const { length, atMs } = sample;
    return { length, aheadOfSameUser: own, ahead: Math.min(ahead, Math.max(length - 1, 0)), atMs };
  }

  #sampleAt(nowMs: number): Sample {
    const before = this.#sample;
    if (before !== null) {
      const { placeSampleMsMin, placeSampleMsPerItem } = this.#settings;
      const waitMs = Math.max(placeSampleMsMin, before.length * placeSampleMsPerItem);
      if (nowMs >= before.atMs && nowMs < before.atMs + waitMs) return before;
    }
    const { size: length } = this.#line;
    const classes = this.#line.census();
    this.#sample = { atMs: nowMs, length, classes, ranks: new Map(), turns: new Map() };
    return this.#sample;
  }
}

function ranksIn({ ranks }: Sample, { account }: FairItem): ReadonlyMap<number, number> {
  const user = account as FairUser<FairItem, unknown>;
  const known = ranks.get(user);
  if (known !== undefined) return known;
  const inOrder = [...user.items()].sort((a, b) => (isOlder(a, b) ? -1 : 1));
  const made = new Map(inOrder.map(({ order }, rank) => [order, rank]));
  ranks.set(user, made);
  return made;
}

function turnsIn({ turns }: Sample, counts: readonly number[]): Turns {
  const known = turns.get(counts) ?? new Turns(counts);
  turns.set(counts, known);
  return known;
}

/** The waiting items of several users, who take turns. */
class Turns {
  readonly #counts: readonly number[];
  readonly #sums: readonly number[];

  constructor(counts: readonly number[]) {
    this.#counts = counts.toSorted((a, b) => a - b);
    let sum = 0;
    this.#sums = [0, ...this.#counts.map((count) => (sum += count))];
  }

  get sum(): number {
    return this.#sums.at(-1) ?? 0;
  }

  /** How many items have gone when each user has had so many turns. */
  upTo(turns: number): number {
    let [low, high] = [0, this.#counts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#counts[middle] ?? 0) < turns) low = middle + 1;
      else high = middle;
    }
    return (this.#sums[low] ?? 0) + (this.#counts.length - low) * turns;
  }
}
