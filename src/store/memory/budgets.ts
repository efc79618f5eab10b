/**
 * Budgets and open reservations: see charges.ts. It owns both tables. A budget's reserved amount is
 * always the sum of the open reservations under it.
 */
import type { Batch } from '../batch.ts';
import type { AnswerIn, AskedIn } from '../caller-port.ts';
import {
  addAmounts,
  budgetKey,
  budgetUnder,
  budgetsOf,
  fitsBudget,
  noAmount,
  type Amount,
  type BudgetAddress,
  type BudgetDefaults,
  type BudgetLimits,
  type BudgetRow,
  type Reservation,
  type Settlement,
} from '../charges.ts';
import type { Fates } from '../fates.ts';
import type { Database } from './database.ts';
import { page } from './lists/names.ts';
import { reservationKey, runKey, type StoredBudget } from './stored-rows.ts';
import { holds } from './shards.ts';
import { own } from './table.ts';

const dayMs = 24 * 60 * 60 * 1_000;

/** Settles, then reserves. A call that fits no budget gets the fate `over-budget` for its slot. */
export function writeCharges(db: Database, batch: Batch, fates: Fates): void {
  const { settled = [], reserved = [], defaults = {} } = batch.charges ?? {};
  const isHeld = ({ shard }: { readonly shard: number }): boolean =>
    holds(db, shard, batch.replicaId, batch.epochs.get(shard));
  settled.forEach((settlement, i) => {
    if (!isHeld(settlement)) fates.put('settled', i, { kind: 'fenced' });
  });
  // The settlement of a whole run comes after those of its single calls.
  const inOrder = [...fates.without('settled', settled)];
  inOrder.sort((a, b) => Number(a.call === null) - Number(b.call === null));
  for (const settlement of inOrder) settle(db, settlement);
  for (const reservation of reserved) {
    if (!isHeld(reservation)) continue;
    const spent = reservation.before === 'spent' ? null : noAmount;
    settle(db, { ...reservation, spent });
    const budget = reserve(db, reservation, defaults);
    if (budget !== null) fates.put('slots', reservation.slot, { kind: 'over-budget', budget });
  }
}

function settle(db: Database, { call, spent, ...run }: Settlement): void {
  for (const open of db.tables.reservations.by('run', runKey(run))) {
    if (call !== null && open.call !== call) continue;
    db.tables.reservations.remove(reservationKey(open));
    for (const at of budgetsOf(open)) {
      const budget = db.tables.budgets.get(budgetKey(at));
      if (budget === undefined) continue;
      const now = renewed(db, budget);
      db.tables.budgets.put(
        own({
          ...now,
          reserved: addAmounts(now.reserved, open.amount, -1),
          spent: addAmounts(now.spent, spent ?? open.amount),
        }),
      );
    }
  }
}

/** Reserves the amount and returns null, or returns a budget that it does not fit. */
function reserve(
  db: Database,
  reservation: Reservation,
  defaults: BudgetDefaults,
): BudgetRow | null {
  const budgets = budgetsOf(reservation).flatMap((at) => budgetNow(db, at, defaults) ?? []);
  const { tenant, runId, user, call, amount } = reservation;
  const full = budgets.find((budget) => !fitsBudget(budget, amount));
  if (full !== undefined) return rowOf(full);
  for (const budget of budgets) {
    const reserved = addAmounts(budget.reserved, amount);
    db.tables.budgets.put(own({ ...budget, reserved }));
  }
  db.tables.reservations.put(own({ tenant, runId, user, call, amount }));
  return null;
}

function budgetNow(
  db: Database,
  at: BudgetAddress,
  defaults: BudgetDefaults,
): StoredBudget | undefined {
  const known = db.tables.budgets.get(budgetKey(at));
  const limits = defaults[at.scope];
  if (known !== undefined) {
    const now = renewed(db, known);
    return known.isSet || limits === undefined ? now : { ...now, ...limits };
  }
  return limits && { ...at, ...limits, ...unused(db), isSet: false };
}

const unused = (db: Database): { spent: Amount; reserved: Amount; day: number } => ({
  spent: noAmount,
  reserved: noAmount,
  day: dayOf(db),
});

/** On a new day, nothing has been spent yet of a budget per day. */
function renewed(db: Database, budget: StoredBudget): StoredBudget {
  const day = dayOf(db);
  return budget.perDay && budget.day !== day ? { ...budget, day, spent: noAmount } : budget;
}

const dayOf = (db: Database): number => Math.floor(db.now() / dayMs);

function rowOf(budget: StoredBudget): BudgetRow {
  const { tenant, scope, owner, tokensMax, microsMax, perDay, spent, reserved } = budget;
  return { tenant, scope, owner, tokensMax, microsMax, perDay, spent, reserved };
}

export function setBudget(db: Database, at: BudgetAddress, limits: BudgetLimits): void {
  const known = db.tables.budgets.get(budgetKey(at));
  const before = known === undefined ? unused(db) : renewed(db, known);
  const { tenant, scope, owner } = at;
  const { tokensMax, microsMax, perDay } = limits;
  const { spent, reserved, day } = before;
  const row = { tenant, scope, owner, tokensMax, microsMax, perDay, spent, reserved, day };
  db.tables.budgets.put(own({ ...row, isSet: true }));
}

export function readBudgets(
  db: Database,
  at: readonly BudgetAddress[],
  defaults: BudgetDefaults,
): (BudgetRow | null)[] {
  return at.map((one) => {
    const known = db.tables.budgets.get(budgetKey(one));
    return budgetUnder(defaults, one, known === undefined ? null : renewed(db, known));
  });
}

export function listUserBudgets(
  db: Database,
  query: AskedIn<'userBudgets'>,
): AnswerIn<'userBudgets'> {
  const rows = db.tables.budgets
    .all()
    .filter(({ tenant, scope }) => tenant === query.tenant && scope === 'user');
  return page(rows, ({ owner }) => owner, query).flatMap((row) => {
    return budgetUnder({}, row, renewed(db, row)) ?? [];
  });
}
