/** Questions that runs ask people. */
import { z } from 'zod';
import { route } from '../route.ts';
import { json, limit, ofRun, runId } from '../shapes.ts';

const questionSchema = z
  .object({
    askId: z.string(),
    runId,
    invocationId: z.string(),
    question: z.string(),
    schema: json,
    data: json,
    assignee: z.string().nullable(),
    askedAtMs: z.number(),
  })
  .meta({ id: 'Question' });

const all = route({
  method: 'GET',
  path: '/v1/questions',
  scope: 'read',
  summary: 'What runs of the tenant ask and nobody has answered, oldest first.',
  ofTenant: true,
  query: z.object({ limit: limit(1_000, 100) }),
  answers: { 200: z.object({ questions: z.array(questionSchema) }) },
  handle: async ({ heddle, tenant, query }) => ({
    status: 200,
    body: { questions: await heddle.questions({ tenant, limit: query.limit }) },
  }),
});

const ofOne = route({
  method: 'GET',
  path: '/v1/runs/:runId/questions',
  scope: 'read',
  summary: 'What the run asks and nobody has answered, oldest first.',
  ofTenant: true,
  params: ofRun,
  answers: { 200: z.object({ questions: z.array(questionSchema) }) },
  handle: async ({ heddle, tenant, params }) => {
    const run = await heddle.run(params.runId, { tenant });
    return { status: 200, body: { questions: await run.questions() } };
  },
});

export const questionRoutes = [all, ofOne];
