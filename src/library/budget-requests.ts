/** Budgets as people write and read them: cost in the currency of the prices, one owner by name. */
import { tenantIn } from '../access/scopes.ts';
import { heddleError } from '../domain/errors.ts';
import { asOneOf, asWhole, refuseField } from '../domain/field.ts';
import { asRunId, checkName } from '../domain/ids.ts';
import { asOptions } from '../domain/options.ts';
import type { OneTenant, TenantScope } from '../domain/scope.ts';
import type { CallerStore } from '../store/caller-port.ts';
import {
  budgetScopes,
  type BudgetAddress,
  type BudgetDefaults,
  type BudgetLimits,
  type BudgetRow,
} from '../store/charges.ts';

/**
 * A bound on what calls may spend. Without `tokens` and `cost` there is no bound. With `per: 'day'`,
 * what was spent counts until midnight, UTC.
 */
export type Budget = {
  /** The most tokens, input and output together. */
  readonly tokens?: number;
  /** The most cost, in the currency of the providers' `pricePerMillion`. */
  readonly cost?: number;
  /** Given: what was spent counts for that day only. Default: it counts for ever. */
  readonly per?: 'day';
};

/** Whose budget it is: a run with `runId`, a user with `user`, and otherwise the tenant itself. */
export type BudgetOwner = {
  /** The tenant. Default `default`. */
  readonly tenant?: string;
  /** A user of the tenant. Not beside `runId`. */
  readonly user?: string;
  /** A run of the tenant. */
  readonly runId?: string;
};

/** A budget, and what was spent and is reserved of it. */
export type BudgetView = BudgetOwner & {
  /** The budget as it was set. */
  readonly budget: Budget;
  /** The tokens and cost of calls that have ended. */
  readonly spent: BudgetUse;
  /** The amount that open calls have reserved. */
  readonly reserved: BudgetUse;
};

/** An amount that calls have used, or may use. */
export type BudgetUse = {
  /** Input and output together. */
  readonly tokens: number;
  /** The cost, in the currency of the providers' `pricePerMillion`. */
  readonly cost: number;
};

const microsPerUnit = 1_000_000;

export function budgetLimits(given: Budget, field: string): BudgetLimits {
  const budget = asOptions(given, field, ['tokens', 'cost', 'per']);
  const { cost } = budget;
  if (cost !== undefined && !(typeof cost === 'number' && cost >= 0 && cost <= 1e9)) {
    refuseField(`${field}.cost`, 'must be a number from 0 to 1,000,000,000');
  }
  const bounds = { min: 0, max: 1e15, fallback: null };
  return {
    tokensMax: asWhole(budget.tokens, `${field}.tokens`, bounds),
    microsMax: cost === undefined ? null : Math.floor(cost * microsPerUnit),
    perDay: asOneOf(budget.per, `${field}.per`, ['day', 'ever'], 'ever') === 'day',
  };
}

/** The budget of every run, user or tenant that has none of its own. */
export function budgetDefaults(
  given: Readonly<Partial<Record<'run' | 'user' | 'tenant', Budget>>> = {},
): BudgetDefaults {
  return Object.fromEntries(
    Object.entries(asOptions(given, 'budgets', budgetScopes)).map(([scope, budget]) => [
      scope,
      budgetLimits(budget, `budgets.${scope}`),
    ]),
  );
}

/** Whose budget is meant, and within which tenant. */
type BudgetPlace = {
  readonly scope: OneTenant;
  readonly at: Pick<BudgetAddress, 'scope' | 'owner'>;
};

function budgetAddress(given: BudgetOwner, within: TenantScope): BudgetPlace {
  const owner = asOptions(given, 'budget', ['tenant', 'user', 'runId']);
  const scope = tenantIn(within, owner.tenant);
  if (owner.runId !== undefined) {
    if (owner.user !== undefined) refuseField('budget.user', 'must not stand beside a run');
    return { scope, at: { scope: 'run', owner: asRunId(owner.runId) } };
  }
  if (owner.user === undefined) return { scope, at: { scope: 'tenant', owner: '' } };
  return { scope, at: { scope: 'user', owner: checkName(owner.user, 'budget.user') } };
}

/** As `budgetAddress`; a run that is not there has no place. Throws `run-unknown`. */
export async function budgetPlace(
  store: Pick<CallerStore, 'run'>,
  owner: BudgetOwner,
  within: TenantScope,
): Promise<BudgetPlace> {
  const place = budgetAddress(owner, within);
  const { scope, at } = place;
  if (at.scope === 'run' && (await store.run(scope, asRunId(at.owner))) === null) {
    throw heddleError('run-unknown', { runId: at.owner });
  }
  return place;
}

export function budgetView(owner: BudgetOwner, row: BudgetRow): BudgetView {
  const { tokensMax, microsMax, perDay, spent, reserved } = row;
  const shown = ({ tokens, micros }: BudgetRow['spent']) => ({
    tokens,
    cost: micros / microsPerUnit,
  });
  return {
    ...owner,
    budget: {
      ...(tokensMax === null ? {} : { tokens: tokensMax }),
      ...(microsMax === null ? {} : { cost: microsMax / microsPerUnit }),
      ...(perDay ? { per: 'day' } : {}),
    },
    spent: shown(spent),
    reserved: shown(reserved),
  };
}
