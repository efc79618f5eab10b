/**
 * Budgets of tokens and cost, and what calls have reserved and used of them. The transaction that puts a
 * call into a slot also reserves the call's worst case. The call's result settles the reservation by
 * what was used.
 *
 * Always: what a budget has reserved is the sum of the reservations that are open. (Promise 3 says which
 * calls may have been made; this says what they may have cost.)
 */
import type { RunAddress } from './rows.ts';

/** An amount of tokens and cost, the cost in millionths of the currency of the prices. */
export type Amount = { readonly tokens: number; readonly micros: number };

export const budgetScopes = ['run', 'user', 'tenant'] as const;
type BudgetScope = (typeof budgetScopes)[number];

/** `owner` is the run's id, the user's name, or '' for the tenant itself. */
export type BudgetAddress = {
  readonly tenant: string;
  readonly scope: BudgetScope;
  readonly owner: string;
};
/** Names hold no NUL, so no two budgets have one key. */
export const budgetKey = ({ tenant, scope, owner }: BudgetAddress): string =>
  `${tenant}\u0000${scope}\u0000${owner}`;

/** Null: no bound. `perDay`: what was spent counts until the end of the day, UTC. */
export type BudgetLimits = {
  readonly tokensMax: number | null;
  readonly microsMax: number | null;
  readonly perDay: boolean;
};
export type BudgetRow = BudgetAddress &
  BudgetLimits & { readonly spent: Amount; readonly reserved: Amount };

/** The budgets of runs, users and tenants that were given none of their own. */
export type BudgetDefaults = Readonly<Partial<Record<BudgetScope, BudgetLimits>>>;

/**
 * Tokens and cost that a call may use. `call` names the call in its run by invocation and incarnation.
 */
export type Reservation = RunAddress & {
  readonly user: string;
  readonly call: string;
  readonly amount: Amount;
  /**
   * Index of the slot into which the call is put. If the call does not fit a budget, it is put into no
   * slot.
   */
  readonly slot: number;
  /** How an earlier reservation of the same call is settled: that call may have been made. */
  readonly before: 'spent' | 'unused';
};

/** Ends a reservation, if it is open. Fenced as turns are. */
export type Settlement = RunAddress & {
  readonly user: string;
  /** Null: all calls of the run. */
  readonly call: string | null;
  /** Null: what was used is not known, so the whole reservation counts as spent. */
  readonly spent: Amount | null;
};

export type Charges = {
  readonly reserved: readonly Reservation[];
  /** Settled before `reserved` is reserved. */
  readonly settled: readonly Settlement[];
  readonly defaults: BudgetDefaults;
};

/**
 * A budget as it counts under these defaults. They replace limits that other defaults have left in its
 * row, and they apply where there is no row yet. Null: no budget applies.
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
