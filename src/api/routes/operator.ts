/** What an operator looks at and mends: providers, the audit. */
import { z } from 'zod';
import { route } from '../route.ts';
import { name } from '../shapes.ts';

const providers = route({
  method: 'GET',
  path: '/v1/providers',
  scope: 'read',
  summary:
    'What replicas have found out about each gate: status, limit, calls in slots, last fault.',
  ofTenant: false,
  answers: {
    200: z.object({
      providers: z.array(
        z.object({
          gate: z.string(),
          status: z.string(),
          coolForMs: z.number(),
          probeInMs: z.number(),
          failedProbes: z.int(),
          limit: z.int(),
          ceiling: z.int(),
          inUse: z.int(),
          lastFault: z.object({ text: z.string(), agoMs: z.number() }).nullable(),
          sharesCeilingWith: z.array(z.string()),
        }),
      ),
    }),
  },
  handle: async ({ heddle }) => ({ status: 200, body: { providers: await heddle.providers() } }),
});

const reopen = route({
  method: 'POST',
  path: '/v1/providers/:provider/reopen',
  scope: 'admin',
  summary: 'Reopens a parked provider at this replica, after a person has mended its key or spend.',
  ofTenant: false,
  params: z.object({ provider: name }),
  answers: { 202: z.object({ provider: z.string() }) },
  handle: async ({ heddle, params }) => {
    heddle.reopenProvider(params.provider);
    return { status: 202, body: { provider: params.provider } };
  },
});

const audit = route({
  method: 'GET',
  path: '/v1/audit',
  scope: 'admin',
  summary:
    'Counts all that a tenant has, and what should never be: gaps, doubles, orphans. Reads whole tables.',
  ofTenant: true,
  answers: { 200: z.looseObject({ journalGaps: z.int() }) },
  handle: async ({ heddle, tenant }) => ({
    status: 200,
    body: await heddle.audit({ tenant }),
  }),
});

export const operatorRoutes = [providers, reopen, audit];
