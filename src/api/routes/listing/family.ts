/** A run's children, and a run once more. */
import { z } from 'zod';
import { route } from '../../route.ts';
import { json, limit, lineOf, ofRun, runSchema, startedAt, startedSchema } from '../../shapes.ts';

const children = route({
  method: 'GET',
  path: '/v1/runs/:runId/children',
  scope: 'read',
  summary:
    'The runs that the run has started, and those that these have started, each behind its parent. isCut: there are more.',
  ofTenant: true,
  params: ofRun,
  query: z.object({ depth: limit(16, 4), limit: limit(1_000, 200) }),
  answers: {
    200: z
      .object({
        runs: z.array(z.object({ ...runSchema.shape, depth: z.int() }).meta({ id: 'ChildRun' })),
        isCut: z.boolean(),
      })
      .meta({ id: 'RunChildren' }),
  },
  handle: async ({ heddle, tenant, params, query }) => {
    const { runs, isCut } = await heddle.listing.children(params.runId, { tenant, ...query });
    const lines = runs.map(({ depth, ...line }) => ({ ...lineOf(line), depth }));
    return { status: 200, body: { runs: lines, isCut } };
  },
});

const rerun = route({
  method: 'POST',
  path: '/v1/runs/:runId/rerun',
  scope: 'run',
  summary:
    'Starts the run once more on the newest version of its agent, with its input or the one that is given. The new run has the tag `rerun-of:` with its id.',
  ofTenant: true,
  params: ofRun,
  body: z.strictObject({ input: json.optional() }).nullish().meta({ id: 'Rerun' }),
  answers: { 202: startedSchema },
  effect: async ({ heddle, tenant, params, body }) => {
    const input =
      body !== null && body !== undefined && 'input' in body ? { input: body.input } : {};
    const run = await heddle.rerun(params.runId, { tenant, ...input });
    return [{ runId: run.id, tenant: run.tenant }];
  },
  answer: ([run]) => {
    const { runId: id = '', tenant: of = '' } = run ?? {};
    return startedAt({ id, tenant: of });
  },
});

export const familyRoutes = [children, rerun];
