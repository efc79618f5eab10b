/** Budgets of the tenant, of its users and of its runs. */
import { z } from 'zod';
import type { BudgetOwner, BudgetView } from '../../library/budget-requests.ts';
import { route, type Ask, type Route } from '../route.ts';
import { name, runId } from '../shapes.ts';

const budgetSchema = z
  .strictObject({
    tokens: z.int().min(0).max(1e15).optional(),
    cost: z.number().min(0).max(1e9).optional(),
    per: z.literal('day').optional(),
  })
  .meta({ id: 'Budget' });
const useSchema = z.object({ tokens: z.number(), cost: z.number() });
const viewSchema = z
  .object({ budget: budgetSchema.nullable(), spent: useSchema, reserved: useSchema })
  .meta({ id: 'BudgetView' });

const nothing = { tokens: 0, cost: 0 };

function shown(view: BudgetView | null): z.input<typeof viewSchema> {
  if (view === null) return { budget: null, spent: nothing, reserved: nothing };
  const { tokens, cost, per } = view.budget;
  const budget = {
    ...(tokens === undefined ? {} : { tokens }),
    ...(cost === undefined ? {} : { cost }),
    ...(per === undefined ? {} : { per }),
  };
  return { budget, spent: view.spent, reserved: view.reserved };
}

const places = {
  '/v1/budgets/tenant': {
    params: z.object({}),
    owner: (): BudgetOwner => ({}),
    whose: 'the tenant',
  },
  '/v1/budgets/users/:user': {
    params: z.object({ user: name }),
    owner: (params: { user?: string }): BudgetOwner => ({ user: params.user ?? '' }),
    whose: 'a user',
  },
  '/v1/budgets/runs/:runId': {
    params: z.object({ runId }),
    owner: (params: { runId?: string }): BudgetOwner => ({ runId: params.runId ?? '' }),
    whose: 'a run',
  },
} as const;

type AnyAsk = Pick<Ask<unknown, unknown, unknown>, 'tenant' | 'params'>;

export const budgetRoutes: readonly Route[] = Object.entries(places).flatMap(([path, place]) => {
  const ownerOf = ({ tenant, params }: AnyAsk): BudgetOwner => ({
    tenant,
    ...place.owner(params as { user?: string; runId?: string }),
  });
  return [
    route({
      method: 'GET',
      path,
      scope: 'read',
      summary: `The budget of ${place.whose}, and what was spent and is reserved of it.`,
      ofTenant: true,
      params: place.params,
      answers: { 200: viewSchema },
      handle: async (ask) => ({
        status: 200,
        body: shown(await ask.heddle.budget(ownerOf(ask))),
      }),
    }),
    route({
      method: 'PUT',
      path,
      scope: 'admin',
      summary: `Gives ${place.whose} a budget; calls that wait for it go on if they fit.`,
      ofTenant: true,
      params: place.params,
      body: budgetSchema,
      answers: { 200: viewSchema },
      handle: async (ask) => {
        const { tokens, cost, per } = ask.body;
        const owner = ownerOf(ask);
        await ask.heddle.setBudget(owner, {
          ...(tokens === undefined ? {} : { tokens }),
          ...(cost === undefined ? {} : { cost }),
          ...(per === undefined ? {} : { per }),
        });
        return { status: 200, body: shown(await ask.heddle.budget(owner)) };
      },
    }),
  ];
});
