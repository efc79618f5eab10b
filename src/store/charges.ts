/**
 * Budgets of tokens and cost, and what calls hold and have used of them. A call that is put into a
 * slot reserves its worst case in the same transaction; its result settles that by what was used.
 * Always: what a budget has reserved is the sum of the reservations that are open (promise 3 says
 * which calls may have been made; this says what they may have cost).
 */
import type { RunAddress } from './rows.ts';

/** Cost in millionths of the currency that prices are told in. */
export type Amount = { readonly tokens: number; readonly micros: number };

export const budgetScopes = ['run', 'user', 'tenant'] as const;
type BudgetScope = (typeof budgetScopes)[number];

/** `owner`: the run's id, the user's name, '' for the tenant itself. */
export type BudgetAddress = {
  readonly tenant: string;
  readonly scope: BudgetScope;
  readonly owner: string;
};
/** Null: no bound. `perDay`: what was spent counts until the end of the day, UTC. */
export type BudgetLimits = {
  readonly tokensMax: number | null;
  readonly microsMax: number | null;
  readonly perDay: boolean;
};
export type BudgetRow = BudgetAddress &
  BudgetLimits & { readonly spent: Amount; readonly reserved: Amount };

/** What holds for every run, user or tenant that was given no budget of its own. */
export type BudgetDefaults = Readonly<Partial<Record<BudgetScope, BudgetLimits>>>;

/** `call` names it within its run: invocation and incarnation. */
export type Reservation = RunAddress & {
  readonly user: string;
  readonly call: string;
  readonly amount: Amount;
  /** Index of the slot that the call is put into. It comes into none if it fits no budget. */
  readonly slot: number;
  /** What becomes of an earlier reservation of the same call: it may have been made already. */
  readonly before: 'spent' | 'unused';
};

/** Ends a reservation, if it is open. Fenced as turns are. */
export type Settlement = RunAddress & {
  readonly user: string;
  /** Null: all calls of the run. */
  readonly call: string | null;
  /** Null: nobody knows, so all of it. */
  readonly spent: Amount | null;
};

export type Charges = {
  readonly reserved: readonly Reservation[];
  /** Before `reserved`. */
  readonly settled: readonly Settlement[];
  readonly defaults: BudgetDefaults;
};

/**
 * A budget as it counts where these defaults hold: they go before what the defaults of another have
 * left in its row, and bind what has no row yet. Null: nothing binds it.
 */
export function budgetUnder(
  defaults: BudgetDefaults,
  at: BudgetAddress,
  stored: (BudgetRow & { readonly isSet: boolean }) | null,
): BudgetRow | null {
  const limits = defaults[at.scope];
  if (stored === null) {
    return limits === undefined ? null : { ...at, ...limits, spent: noAmount, reserved: noAmount };
  }
  const { tenant, scope, owner, tokensMax, microsMax, perDay, spent, reserved } = stored;
  const row = { tenant, scope, owner, tokensMax, microsMax, perDay, spent, reserved };
  return limits === undefined || stored.isSet ? row : { ...row, ...limits };
}

export function budgetsOf(at: {
  readonly tenant: string;
  readonly runId: string;
  readonly user: string;
}): BudgetAddress[] {
  const { tenant } = at;
  return [
    { tenant, scope: 'run', owner: at.runId },
    { tenant, scope: 'user', owner: at.user },
    { tenant, scope: 'tenant', owner: '' },
  ];
}

/** True when this much more may be reserved. */
export function fitsBudget(row: BudgetRow, more: Amount): boolean {
  const { spent, reserved, tokensMax, microsMax } = row;
  const tokens = spent.tokens + reserved.tokens + more.tokens;
  const micros = spent.micros + reserved.micros + more.micros;
  return tokens <= (tokensMax ?? Infinity) && micros <= (microsMax ?? Infinity);
}

export const addAmounts = (a: Amount, b: Amount, sign: 1 | -1 = 1): Amount => ({
  tokens: a.tokens + sign * b.tokens,
  micros: a.micros + sign * b.micros,
});

export const isWithin = (a: Amount, b: Amount): boolean =>
  a.tokens <= b.tokens && a.micros <= b.micros;

export const noAmount: Amount = { tokens: 0, micros: 0 };
