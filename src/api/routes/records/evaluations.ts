/** Evaluations of runs: given, listed, counted. */
import { z } from 'zod';
import type { EvaluationRow } from '../../../store/ports/evaluation-rows.ts';
import { route } from '../../route.ts';
import { limit, name, ofRun, runId } from '../../shapes.ts';
import { cursorOf, positionOf } from '../cursor.ts';

const evaluationSchema = z
  .object({
    evaluationId: z.string(),
    subjectRunId: z.string(),
    evaluatorRunId: z.string().nullable(),
    by: z.string().nullable(),
    agent: z.string().nullable(),
    version: z.string().nullable(),
    score: z.number(),
    rationale: z.string(),
    createdAtMs: z.number(),
  })
  .meta({ id: 'Evaluation' });

function shown({ evaluatorRunId, ...rest }: EvaluationRow) {
  return { ...rest, evaluatorRunId: evaluatorRunId === '' ? null : evaluatorRunId };
}

const ofOne = route({
  method: 'GET',
  path: '/v1/runs/:runId/evaluations',
  scope: 'read',
  summary: 'The evaluations that the run was given: 1,000 at most.',
  ofTenant: true,
  params: ofRun,
  answers: { 200: z.object({ evaluations: z.array(evaluationSchema) }) },
  handle: async ({ heddle, tenant, params }) => {
    const { id } = await heddle.run(params.runId, { tenant });
    const list = await heddle.evaluations(id, { tenant });
    return { status: 200, body: { evaluations: list.map(shown) } };
  },
});

const submit = route({
  method: 'POST',
  path: '/v1/runs/:runId/evaluations',
  scope: 'run',
  summary:
    'Gives the run an evaluation, from outside runs: a score from 0 to 1, and why. It says whose token it was.',
  ofTenant: true,
  params: ofRun,
  body: z.strictObject({
    score: z.number().min(0).max(1),
    rationale: z.string().min(1).max(10_000),
  }),
  answers: { 201: z.object({ evaluationId: z.string() }) },
  effect: async ({ heddle, tenant, params, body }) => {
    return (await heddle.evaluate({ ...body, ...params, tenant })).evaluationId;
  },
  answer: (evaluationId) => ({ status: 201, body: { evaluationId } }),
});

const filters = { agent: name.optional(), version: name.optional() };
type Filters = { readonly agent?: string | undefined; readonly version?: string | undefined };
const given = ({ agent, version }: Filters) => ({
  ...(agent === undefined ? {} : { agent }),
  ...(version === undefined ? {} : { version }),
});

const list = route({
  method: 'GET',
  path: '/v1/evaluations',
  scope: 'read',
  summary:
    'Evaluations by agent, version (beside an agent) or run, newest first. An empty cursor: there are no more.',
  ofTenant: true,
  query: z.object({
    ...filters,
    runId: runId.optional(),
    limit: limit(1_000, 100),
    cursor: z.string().max(2_000).optional(),
  }),
  answers: {
    200: z.object({ evaluations: z.array(evaluationSchema), cursor: z.string() }),
  },
  handle: async ({ heddle, tenant, query }) => {
    const { runId: of, limit: most, cursor } = query;
    const rows = await heddle.evaluationList({
      tenant,
      limit: most,
      ...given(query),
      ...(of === undefined ? {} : { runId: of }),
      ...(cursor === undefined || cursor === '' ? {} : { before: positionOf(cursor) }),
    });
    const last = rows.length < most ? undefined : rows.at(-1);
    const next = last === undefined ? '' : cursorOf(last.evaluationId);
    return { status: 200, body: { evaluations: rows.map(shown), cursor: next } };
  },
});

const totals = route({
  method: 'GET',
  path: '/v1/evaluations/totals',
  scope: 'read',
  summary:
    'Scores by agent and version: how many, mean, least, greatest, quartiles, and how many in each tenth. `isWhole`: false when there are more than 20,000, of which the newest were counted.',
  ofTenant: true,
  query: z.object(filters),
  answers: {
    200: z.object({
      totals: z.array(
        z.object({
          agent: z.string(),
          version: z.string(),
          count: z.int(),
          mean: z.number(),
          min: z.number(),
          max: z.number(),
          quartiles: z.array(z.number()),
          histogram: z.array(z.int()),
        }),
      ),
      isWhole: z.boolean(),
    }),
  },
  handle: async ({ heddle, tenant, query }) => {
    return { status: 200, body: await heddle.evaluationTotals({ tenant, ...given(query) }) };
  },
});

export const evaluationRoutes = [ofOne, submit, list, totals];
