/** Who asks, and which tenants there are: what a page or a program must know before it can name one. */
import { z } from 'zod';
import { tokenScopes } from '../../../store/access-rows.ts';
import { route } from '../../route.ts';
import { limit } from '../../shapes.ts';

const access = route({
  method: 'GET',
  path: '/v1/access',
  scope: 'read',
  summary:
    'Who asks: the token’s name, its scopes, and the only tenant that it may name; null: all. `inspector`: whether Stately’s may connect at `/inspect`.',
  ofTenant: false,
  answers: {
    200: z.object({
      by: z.string(),
      scopes: z.array(z.enum(tokenScopes)),
      tenant: z.string().nullable(),
      inspector: z.boolean(),
    }),
  },
  handle: async ({ principal: { by, scopes, tenant }, hasInspector: inspector }) => ({
    status: 200,
    body: { by, scopes, tenant, inspector },
  }),
});

const list = route({
  method: 'GET',
  path: '/v1/tenants',
  scope: 'inspect',
  summary:
    'Tenants with runs, of those that the caller may name: names that begin with `prefix`, in no promised order; with `open`, those that have open runs.',
  ofTenant: false,
  query: z.object({
    prefix: z.string().max(256).default(''),
    open: z.enum(['true', 'false']).default('false'),
    limit: limit(1_000, 100),
  }),
  answers: { 200: z.object({ tenants: z.array(z.string()) }) },
  handle: async ({ heddle, query }) => {
    const { prefix, open, limit: most } = query;
    const tenants = await heddle.tenants({ prefix, isOpen: open === 'true', limit: most });
    return { status: 200, body: { tenants } };
  },
});

export const callerRoutes = [access, list];
