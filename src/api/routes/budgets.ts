/** Budgets of the tenant, of its users and of its runs. */
import { z } from 'zod';
import type { BudgetOwner, BudgetView } from '../../library/budget-requests.ts';
import { route, type Ask, type Route } from '../route.ts';
import { userBudgetsOf } from '../../library/outside/names.ts';
import { name, runId } from '../shapes.ts';
import { afterOf, cursorAfter, page, prefix } from './records/channels.ts';

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

const leftSchema = z.object({ tokens: z.number().nullable(), cost: z.number().nullable() });

/** Of a bound; null without one. What is reserved may still be used. */
function leftOf({ budget, spent, reserved }: BudgetView): z.input<typeof leftSchema> {
  const left = (kind: 'tokens' | 'cost'): number | null => {
    const most = budget[kind];
    return most === undefined ? null : Math.max(most - spent[kind] - reserved[kind], 0);
  };
  return { tokens: left('tokens'), cost: left('cost') };
}

const ofUsers = route({
  method: 'GET',
  path: '/v1/budgets',
  scope: 'read',
  summary:
    'What users have used of their budgets, and what is left, by name: users that were given a budget, or that a default has charged. An empty cursor: there are no more.',
  ofTenant: true,
  query: z.object({ ...page, prefix }),
  answers: {
    200: z.object({
      budgets: z.array(
        z.object({ user: z.string(), ...viewSchema.shape, left: leftSchema }).meta({
          id: 'UserBudget',
        }),
      ),
      cursor: z.string(),
    }),
  },
  handle: async ({ host, within, query }) => {
    const { limit: most, cursor } = query;
    const asked = { prefix: query.prefix, after: afterOf(cursor), limit: most };
    const found = await userBudgetsOf(host, within, asked);
    const budgets = found.map((one) => ({ user: one.user, ...shown(one), left: leftOf(one) }));
    const names = found.map(({ user }) => user);
    return { status: 200, body: { budgets, cursor: cursorAfter(names, most) } };
  },
});

const ofOwners: readonly Route[] = Object.entries(places).flatMap(([path, place]) => {
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

export const budgetRoutes = [ofUsers, ...ofOwners];
