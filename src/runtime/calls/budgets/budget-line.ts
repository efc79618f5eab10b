/**
 * Calls that wait for a budget, by the budget that was found full.
 *
 * Owns which call waits for which budget, in order, and which calls' reasons must be written anew. Pure: what
 * the budgets hold now is an argument. `budgets.ts` decides when to look, and says what a call may cost.
 *
 * 1. A budget is known here exactly while a call waits for it, so memory holds no budget without calls.
 * 2. One pass over a budget looks at `examinedMax` of its calls, and moves them behind the others. So the
 *    passes go round the whole line, and no call is passed over.
 */
import type { CapacitySettings } from '../../../domain/capacity-settings.ts';
import {
  addAmounts,
  budgetKey,
  fitsBudget,
  type Amount,
  type BudgetAddress,
  type BudgetRow,
} from '../../../store/charges.ts';
import type { FullBudget, StateOf } from '../call/call-state.ts';
import type { RunCall } from '../call/run-call.ts';

class Full implements FullBudget {
  row: BudgetRow;
  readonly calls = new Set<RunCall>();
  /** Calls whose reason does not show the figures in `row` yet; null: all show them. */
  untold: Iterator<RunCall> | null = null;
  /** The figures have changed again before all calls' reasons showed them. */
  changedSince = false;
  readonly tentative = Object.freeze({ kind: 'held', durable: false, budget: this } as const);
  readonly durable = Object.freeze({ kind: 'held', durable: true, budget: this } as const);

  constructor(row: BudgetRow) {
    this.row = row;
  }
}

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
  fullOf(addresses: readonly BudgetAddress[]): BudgetRow | null {
    if (this.#full.size === 0) return null;
    for (const at of addresses) {
      const full = this.#full.get(budgetKey(at));
      if (full !== undefined) return full.row;
    }
    return null;
  }

  /** The budget that this call waits for; null when it waits for none. */
  budgetOf(call: RunCall): BudgetRow | null {
    return call.state.kind === 'held' ? call.state.budget.row : null;
  }

  /** The call waits for this budget from here on, and for no other. */
  add(call: RunCall, from: StateOf<'proposed' | 'held' | 'granted'>, budget: BudgetRow): void {
    if (from.kind === 'held') this.remove(call, from);
    const key = budgetKey(budget);
    const full = this.#full.get(key) ?? new Full(budget);
    this.#full.set(key, full);
    this.#show(full, budget);
    full.calls.add(call);
    this.#size += 1;
    call.move(from, 'hold', from.durable ? full.durable : full.tentative);
  }

  /** Takes the call out of its line; the caller then moves it to another state. */
  remove(call: RunCall, { budget }: StateOf<'held'>): void {
    const key = budgetKey(budget.row);
    const full = this.#full.get(key);
    if (full?.calls.delete(call) !== true) return;
    this.#size -= 1;
    if (full.calls.size === 0) this.#full.delete(key);
  }

  /**
   * `row` is what the budget holds now; null: there is no such budget any more. Returns calls that the budget
   * has room for together, by the least that each may cost.
   */
  looked(
    at: BudgetAddress,
    row: BudgetRow | null,
    needed: (call: RunCall) => readonly Amount[],
  ): RunCall[] {
    const full = this.#full.get(budgetKey(at));
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
      // A call that no provider takes goes on too: the pool then fails it with that reason.
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

  /** Takes at most `max` calls whose reason shows older figures than are known; the others come later. */
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
