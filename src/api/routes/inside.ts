/** What stands inside a run. */
import { z } from 'zod';
import { runView } from '../../library/run-view.ts';
import { route } from '../route.ts';
import { json, ofRun } from '../shapes.ts';

const dueInMs = z.number().nullable();

const inside = route({
  method: 'GET',
  path: '/v1/runs/:runId/inside',
  scope: 'inspect',
  summary: 'The state and the context of a run’s chart, its open invocations and its timers.',
  ofTenant: true,
  params: ofRun,
  answers: {
    200: z
      .object({
        turn: z.int(),
        state: json,
        context: json,
        open: z.array(z.looseObject({ id: z.string(), src: z.string(), dueInMs })),
        timers: z.array(z.object({ id: z.string(), dueInMs: z.number() })),
      })
      .meta({ id: 'RunInside' }),
  },
  handle: async ({ heddle, tenant, params }) => {
    const run = await heddle.run(params.runId, { tenant });
    const row = await run.row();
    const { timers: rows } = await run.beside(row);
    const { state, context, open, timers } = runView(row, rows) ?? nothing;
    const dueOrNull = open.map((one) => ({ ...one, dueInMs: one.dueInMs ?? null }));
    return { status: 200, body: { turn: row.turn, state, context, open: dueOrNull, timers } };
  },
});

/** A run before its first turn. */
const nothing = { state: null, context: null, open: [], timers: [] };

export const insideRoutes = [inside];
