/** Questions that runs ask people. */
import { z } from 'zod';
import { route } from '../../route.ts';
import { count, json, limit, name, ofRun, runId } from '../../shapes.ts';
import { cursorOf, positionOf } from '../cursor.ts';

const questionSchema = z
  .object({
    askId: z.string(),
    runId,
    agent: z.string(),
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
  summary:
    'What runs of the tenant ask and nobody has answered, oldest first. An empty cursor: there are no more.',
  ofTenant: true,
  query: z.object({
    assignee: name.optional(),
    agent: name.optional(),
    olderThanMs: count.optional(),
    limit: limit(1_000, 100),
    cursor: z.string().max(1_000).optional(),
  }),
  answers: { 200: z.object({ questions: z.array(questionSchema), cursor: z.string() }) },
  handle: async ({ heddle, tenant, query }) => {
    const { assignee, agent, olderThanMs, limit: most, cursor } = query;
    const questions = await heddle.questions({
      tenant,
      limit: most,
      ...(assignee === undefined ? {} : { assignee }),
      ...(agent === undefined ? {} : { agent }),
      ...(olderThanMs === undefined ? {} : { olderThanMs }),
      ...(cursor === undefined || cursor === '' ? {} : { after: positionOf(cursor) }),
    });
    const last = questions.length < most ? undefined : questions.at(-1);
    return {
      status: 200,
      body: { questions, cursor: last === undefined ? '' : cursorOf(last.place) },
    };
  },
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
