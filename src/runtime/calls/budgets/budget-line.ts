/**
 * Calls that wait for a budget, by the budget that was found full.
 *
 * Owns who waits for which budget, in order, and whose reason has to be told anew. Pure: what the
 * budgets hold now is an argument. Leaves to `budgets.ts` when to look, and what a call may cost.
 *
 * 1. A budget is known here exactly while a call waits for it, so nothing is left of one that nobody
 *    waits for.
 * 2. One pass over a budget looks at `examinedMax` of its calls, and those it has looked at go behind
 *    the others: each is looked at after as many passes as its line is long, and none is passed over.
 */
import type { CapacitySettings } from '../../../domain/capacity-settings.ts';
import { addAmounts, fitsBudget, type Amount, type BudgetRow } from '../../../store/charges.ts';
import type { RunCall } from '../call/run-call.ts';

type Full = {
  row: BudgetRow;
  readonly calls: Set<RunCall>;
  /** Calls that have not heard of the figures in `row` yet; null: all have. */
  untold: Iterator<RunCall> | null;
  /** The figures have changed again while calls heard of them. */
  changedSince: boolean;
};

const keyOf = (at: Pick<BudgetRow, 'tenant' | 'scope' | 'owner'>): string =>
  `${at.tenant}\u0000${at.scope}\u0000${at.owner}`;

export class BudgetLine {
  readonly #full = new Map<string, Full>();
  readonly #examinedMax: number;
  #size = 0;

  constructor({ examinedMax }: Pick<CapacitySettings['budgets'], 'examinedMax'>) {
    this.#examinedMax = examinedMax;
  }

  get size(): number {
    return this.#size;
  }

  /** Budgets that calls wait for. */
  rows(): BudgetRow[] {
    return Array.from(this.#full.values(), ({ row }) => row);
  }

  /** The first of these budgets that is known to be full. */
  fullOf(addresses: readonly Pick<BudgetRow, 'tenant' | 'scope' | 'owner'>[]): BudgetRow | null {
    if (this.#full.size === 0) return null;
    for (const at of addresses) {
      const full = this.#full.get(keyOf(at));
      if (full !== undefined) return full.row;
    }
    return null;
  }

  /** The budget that this call waits for; null when it waits for none. */
  budgetOf(call: RunCall): BudgetRow | null {
    return fullOf(call)?.row ?? null;
  }

  add(call: RunCall, budget: BudgetRow): void {
    this.remove(call);
    const key = keyOf(budget);
    const full: Full = this.#full.get(key) ?? {
      row: budget,
      calls: new Set(),
      untold: null,
      changedSince: false,
    };
    this.#full.set(key, full);
    this.#show(full, budget);
    full.calls.add(call);
    call.fullBudget = full;
    this.#size += 1;
  }

  remove(call: RunCall): void {
    const full = fullOf(call);
    if (full === null) return;
    call.fullBudget = null;
    this.#size -= 1;
    full.calls.delete(call);
    if (full.calls.size === 0) this.#full.delete(keyOf(full.row));
  }

  /**
   * A budget holds so much now; null: there is none any more. Gives calls that it has room for, one
   * beside the other, with what each may cost at least.
   */
  looked(
    at: Pick<BudgetRow, 'tenant' | 'scope' | 'owner'>,
    row: BudgetRow | null,
    needed: (call: RunCall) => readonly Amount[],
  ): RunCall[] {
    const full = this.#full.get(keyOf(at));
    if (full === undefined) return [];
    if (row !== null) this.#show(full, row);
    const fitting: RunCall[] = [];
    let now = row;
    let left = Math.min(this.#examinedMax, full.calls.size);
    const rotates = full.calls.size > this.#examinedMax;
    for (const call of full.calls) {
      if (left === 0) break;
      left -= 1;
      const amounts = needed(call);
      const budget: BudgetRow | null = now;
      const fits = amounts.filter((amount) => budget === null || fitsBudget(budget, amount));
      // One that no provider takes goes on to hear just that.
      if (fits.length > 0 || amounts.length === 0) {
        fitting.push(call);
        const [least] = fits;
        if (now !== null && least !== undefined) {
          now = { ...now, reserved: addAmounts(now.reserved, least) };
        }
      }
      if (!rotates) continue;
      full.calls.delete(call);
      full.calls.add(call);
    }
    return fitting;
  }

  /** Calls whose reason shows older figures than are known: at most `max`, the others later. */
  takeUntold(max: number): RunCall[] {
    const taken: RunCall[] = [];
    for (const full of this.#full.values()) {
      while (full.untold !== null && taken.length < max) {
        const next = full.untold.next();
        if (next.done === true) {
          full.untold = null;
          if (full.changedSince) tellAll(full);
        } else if (full.calls.has(next.value)) taken.push(next.value);
      }
      if (taken.length >= max) break;
    }
    return taken;
  }

  #show(full: Full, row: BudgetRow): void {
    const isNews = !isShownAlike(full.row, row);
    full.row = row;
    if (!isNews) return;
    if (full.untold === null) tellAll(full);
    else full.changedSince = true;
  }
}

/** A call notes itself which of them it waits for. */
function fullOf({ fullBudget }: RunCall): Full | null {
  return fullBudget as Full | null;
}

function tellAll(full: Full): void {
  full.changedSince = false;
  full.untold = [...full.calls].values();
}

function isShownAlike(a: BudgetRow, b: BudgetRow): boolean {
  return (
    a.tokensMax === b.tokensMax &&
    a.microsMax === b.microsMax &&
    a.perDay === b.perDay &&
    a.spent.tokens === b.spent.tokens &&
    a.spent.micros === b.spent.micros &&
    a.reserved.tokens === b.reserved.tokens &&
    a.reserved.micros === b.reserved.micros
  );
}
