/** The gates of providers: what replicas have found out about them, and what a person orders. */
import { z } from 'zod';
import { route } from '../../route.ts';
import { longestWaits } from '../../../library/why/longest-waits.ts';
import { name, runId } from '../../shapes.ts';

const ago = z.number();

const providers = route({
  method: 'GET',
  path: '/v1/providers',
  scope: 'read',
  summary:
    'What replicas have found out about each gate: status, limit, calls in slots and in line, last fault, next probe.',
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
          rateLimited: z.int(),
          line: z.object({ length: z.int(), agoMs: ago }),
          lastFault: z.object({ text: z.string(), agoMs: ago }).nullable(),
          lastOrder: z
            .object({ kind: z.enum(['reopen', 'probe']), by: z.string(), agoMs: ago })
            .nullable(),
          sharesCeilingWith: z.array(z.string()),
        }),
      ),
    }),
  },
  handle: async ({ heddle }) => ({ status: 200, body: { providers: await heddle.providers() } }),
});

const waits = route({
  method: 'GET',
  path: '/v1/providers/waits',
  scope: 'read',
  summary:
    'By gate, the runs of all tenants whose calls have stood longest in its line, the longest first, 8 at most. `unknown`: why the lines of some replicas are not among them.',
  ofTenant: false,
  answers: {
    200: z.object({
      gates: z.array(
        z.object({
          gate: z.string(),
          waits: z.array(
            z.object({
              runId,
              tenant: z.string(),
              agent: z.string().nullable(),
              user: z.string(),
              pipeline: z.string(),
              waitedMs: z.number(),
            }),
          ),
        }),
      ),
      unknown: z.array(z.string()),
    }),
  },
  handle: async ({ heddle, host }) => ({
    status: 200,
    body: await longestWaits(host.runtime, heddle.scope),
  }),
});

const orderedSchema = z.object({ provider: z.string() });

const reopen = route({
  method: 'POST',
  path: '/v1/providers/:provider/reopen',
  scope: 'admin',
  summary:
    'Reopens a parked or stalled provider at every replica, after a person has mended its key or spend.',
  ofTenant: false,
  params: z.object({ provider: name }),
  body: z.strictObject({ endsCooling: z.boolean().optional() }).nullish(),
  answers: { 202: orderedSchema },
  handle: async ({ heddle, params, body }) => {
    const endsCooling = body?.endsCooling ?? false;
    await heddle.reopenProvider(params.provider, { endsCooling });
    return { status: 202, body: { provider: params.provider } };
  },
});

const probe = route({
  method: 'POST',
  path: '/v1/providers/:provider/probe',
  scope: 'admin',
  summary: 'Has a stalled or parked provider asked at once, by the next call that waits for it.',
  ofTenant: false,
  params: z.object({ provider: name }),
  answers: { 202: orderedSchema },
  handle: async ({ heddle, params }) => {
    await heddle.probeProvider(params.provider);
    return { status: 202, body: { provider: params.provider } };
  },
});

export const providerRoutes = [providers, waits, reopen, probe];
