/** Whether this replica lives, and whether it can serve. Everybody may ask; nothing else is told. */
import { z } from 'zod';
import { databaseAnswers } from '../../library/outside/database-answers.ts';
import { route } from '../route.ts';

const databaseMsMax = 2_000;

const lives = route({
  method: 'GET',
  path: '/healthz',
  scope: null,
  summary: 'The process lives.',
  ofTenant: false,
  always: true,
  answers: { 200: z.object({ ok: z.boolean() }) },
  handle: async () => ({ status: 200, body: { ok: true } }),
});

const ready = route({
  method: 'GET',
  path: '/readyz',
  scope: null,
  summary: 'The process has its database and does not close. 503 otherwise.',
  ofTenant: false,
  always: true,
  answers: { 200: z.object({ ready: z.boolean() }), 503: z.object({ ready: z.boolean() }) },
  handle: async ({ host, closing }) => {
    const isReady = (await databaseAnswers(host, databaseMsMax)) && !closing.aborted;
    return { status: isReady ? 200 : 503, body: { ready: isReady } };
  },
});

export const healthRoutes = [lives, ready];
