/** What an operator looks at and mends: agents, providers, the audit. */
import { z } from 'zod';
import { route } from '../route.ts';
import { json, limit, name } from '../shapes.ts';

const agentShape = {
  agent: z.string(),
  version: z.string(),
  structure: z.string(),
  registeredAtMs: z.number(),
  isHere: z.boolean(),
};

const agents = route({
  method: 'GET',
  path: '/v1/agents',
  scope: 'read',
  summary:
    'Versions of agents that any replica has registered: 100 at most, after a name and version.',
  ofTenant: false,
  query: z.object({
    agent: name.optional(),
    afterAgent: name.optional(),
    afterVersion: name.optional(),
    limit: limit(100, 100),
  }),
  answers: { 200: z.object({ agents: z.array(z.object(agentShape)) }) },
  handle: async ({ heddle, query }) => {
    const { agent, afterAgent, afterVersion, limit: most } = query;
    const after =
      afterAgent === undefined || afterVersion === undefined
        ? {}
        : { after: { agent: afterAgent, version: afterVersion } };
    const list = await heddle.agents({
      limit: most,
      ...(agent === undefined ? {} : { agent }),
      ...after,
    });
    return { status: 200, body: { agents: list } };
  },
});

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

const definition = route({
  method: 'GET',
  path: '/v1/agents/:agent/versions/:version',
  scope: 'read',
  summary:
    'A version of an agent: its chart’s config as JSON, and the schemas of its input and events.',
  ofTenant: false,
  params: z.object({ agent: name, version: name }),
  answers: {
    200: z.object({
      ...agentShape,
      definition: json,
      definitionMissing: z.string().nullable(),
      input: json,
      events: z.record(z.string(), json),
    }),
  },
  handle: async ({ heddle, params }) => {
    return { status: 200, body: await heddle.agent(params.agent, params.version) };
  },
});

export const operatorRoutes = [agents, definition, providers, reopen, audit];
