/**
 * A schedule: where one run of a scenario departs from the plain one. Items are numbered in the
 * order in which they come to be, so the same schedule always gives the same run, and taking an
 * action away leaves the rest of it in place up to there.
 */
import fc from 'fast-check';

/** Before an item happens, or after it has happened and before anybody hears of it. */
export type When = 'before' | 'after';

/**
 * How a call fails: without an answer, before it has taken effect or after; or with one that says
 * nothing about it (`error`), or for a fault of heddle's own (`bug`), both without effect.
 */
export type Failed = When | 'error' | 'bug';

export type Action =
  /** The item happens so much later: others overtake it, leases may end meanwhile. */
  | { readonly do: 'slow'; readonly item: number; readonly ms: number }
  /** The replica that it belongs to dies. */
  | { readonly do: 'crash'; readonly item: number; readonly when: When }
  /** A store's or provider's call fails; a hint is lost. */
  | { readonly do: 'fail'; readonly item: number; readonly when: Failed }
  /** The replica stands still for so long; what it has sent travels on. */
  | { readonly do: 'freeze'; readonly item: number; readonly ms: number }
  /** The replica is closed in good order, and another begins. */
  | { readonly do: 'close'; readonly item: number };

export type Schedule = readonly Action[];

export const plain: Schedule = [];

/** The actions of a schedule by the item that they are about. */
export class Plan {
  readonly #byItem = new Map<number, Action[]>();

  constructor(schedule: Schedule) {
    for (const action of schedule) {
      const there = this.#byItem.get(action.item);
      if (there === undefined) this.#byItem.set(action.item, [action]);
      else there.push(action);
    }
  }

  slowMs(item: number): number {
    let ms = 0;
    for (const action of this.#byItem.get(item) ?? []) if (action.do === 'slow') ms += action.ms;
    return ms;
  }

  find<Do extends Action['do']>(item: number, what: Do): Extract<Action, { do: Do }> | null {
    const found = this.#byItem.get(item)?.find((action) => action.do === what);
    return found === undefined ? null : (found as Extract<Action, { do: Do }>);
  }
}

const slownessMs = [0.5, 1, 2, 3, 5, 8, 20, 60, 150, 400, 900, 2_500] as const;
const freezesMs = [100, 450, 900, 2_500] as const;

/** Schedules over the first `items` items: many delays, and a few faults. */
export function schedules(items: number, actionsMax: number): fc.Arbitrary<Schedule> {
  const item = fc.nat({ max: Math.max(items - 1, 0) });
  const when = fc.constantFrom<When>('before', 'after');
  const action = fc.oneof(
    {
      weight: 20,
      arbitrary: fc.record({
        do: fc.constant('slow' as const),
        item,
        ms: fc.constantFrom(...slownessMs),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const), item, when }) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('fail' as const),
        item,
        when: fc.constantFrom<Failed>('before', 'after', 'error', 'bug'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('freeze' as const),
        item,
        ms: fc.constantFrom(...freezesMs),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), item }) },
  );
  return fc.array(action, { maxLength: actionsMax, size: 'max' });
}
