/**
 * After a guard has ended a commit: finds the calls of the commit that fit no budget. What the commit
 * spends is counted and what it gives back is not. So a call too many may be left out but never one too
 * few, and the calls that are kept pass the guard. The calls that are left out ask again soon.
 */
import type { Batch } from '../../batch.ts';
import {
  addAmounts,
  budgetKey,
  budgetsOf,
  budgetUnder,
  fitsBudget,
  noAmount,
  type BudgetRow,
  type Charges,
} from '../../charges.ts';
import type { Fates } from '../../fates.ts';
import { readBudgets } from '../tables/budget-writes.ts';
import type { Pool } from '../link/pool.ts';

export async function diagnoseBudgets(pool: Pool, batch: Batch, fates: Fates): Promise<void> {
  const { charges } = batch;
  if (charges === undefined || charges.reserved.length === 0) return;
  const budgets = await budgetsNow(pool, charges);
  for (const settlement of charges.settled) {
    for (const at of budgetsOf(settlement)) {
      const budget = budgets.get(budgetKey(at));
      if (budget === undefined) continue;
      const spent = addAmounts(budget.spent, settlement.spent ?? noAmount);
      budgets.set(budgetKey(at), { ...budget, spent });
    }
  }
  for (const reservation of charges.reserved) {
    if (fates.of('slots', reservation.slot) !== null) continue;
    const own = budgetsOf(reservation).flatMap((at) => budgets.get(budgetKey(at)) ?? []);
    const full = own.find((budget) => !fitsBudget(budget, reservation.amount));
    if (full !== undefined) {
      fates.put('slots', reservation.slot, { kind: 'over-budget', budget: full });
      continue;
    }
    for (const budget of own) {
      const reserved = addAmounts(budget.reserved, reservation.amount);
      budgets.set(budgetKey(budget), { ...budget, reserved });
    }
  }
}

async function budgetsNow(
  pool: Pool,
  { reserved, settled, defaults }: Charges,
): Promise<Map<string, BudgetRow>> {
  const at = [...reserved, ...settled].flatMap(budgetsOf);
  const rows = await readBudgets(pool, at);
  const found = new Map<string, BudgetRow>();
  at.forEach((address, index) => {
    const row = budgetUnder(defaults, address, rows[index] ?? null);
    if (row !== null) found.set(budgetKey(address), row);
  });
  return found;
}
