/** Commands to a run. Each is durable when it is answered, and the run takes it in its turn. */
import { z } from 'zod';
import { route, type Route } from '../route.ts';
import { accepted, acceptedSchema, json, ofRun } from '../shapes.ts';

const eventSchema = z
  .looseObject({ type: z.string().min(1).max(256) })
  .meta({ id: 'Event', description: 'An event of the chart, with its fields.' });

const send = route({
  method: 'POST',
  path: '/v1/runs/:runId/events',
  scope: 'run',
  summary: 'Sends an event to the chart of the run.',
  ofTenant: true,
  always: true,
  params: ofRun,
  body: eventSchema,
  answers: { 202: acceptedSchema },
  effect: async ({ heddle, tenant, params, body }) => {
    const run = await heddle.run(params.runId, { tenant });
    await run.send(body);
    return null;
  },
  answer: (_, { params }) => accepted(params.runId),
});

const answer = route({
  method: 'POST',
  path: '/v1/runs/:runId/answers',
  scope: 'run',
  summary:
    'Answers a question of the run, by its askId. The answer must fit the question’s schema.',
  ofTenant: true,
  always: true,
  params: ofRun,
  body: z.strictObject({ askId: z.string().min(1).max(600), answer: json }),
  answers: { 202: acceptedSchema },
  effect: async ({ heddle, tenant, params, body }) => {
    const run = await heddle.run(params.runId, { tenant });
    await run.answer(body.askId, body.answer ?? null);
    return null;
  },
  answer: (_, { params }) => accepted(params.runId),
});

const reasonSchema = z
  .strictObject({ reason: z.string().max(4_000).optional() })
  .nullish()
  .meta({ id: 'Reason' });

function command(kind: 'cancel' | 'pause' | 'resume', summary: string): Route {
  return route({
    method: 'POST',
    path: `/v1/runs/:runId/${kind}`,
    scope: 'run',
    summary,
    ofTenant: true,
    always: true,
    params: ofRun,
    body: reasonSchema,
    answers: { 202: acceptedSchema },
    effect: async ({ heddle, tenant, params, body }) => {
      const run = await heddle.run(params.runId, { tenant });
      await run[kind](body?.reason);
      return null;
    },
    answer: (_, { params }) => accepted(params.runId),
  });
}

export const commandRoutes = [
  send,
  answer,
  command('cancel', 'Ends the run, with its children, calls, tasks and waits.'),
  command('pause', 'Pauses the run: it takes no event until it is resumed.'),
  command('resume', 'Undoes a pause.'),
];
