/** Runs: begun, listed, looked at, waited for. */
import { z } from 'zod';
import { tenantFor } from '../../access/principal.ts';
import { refuseField } from '../../domain/field.ts';
import { priorities } from '../../domain/priority.ts';
import { endedWithin } from '../../library/outside/ended-within.ts';
import { runStatuses } from '../../library/runs-query.ts';
import { callNow } from '../../library/why/call-now.ts';
import { waitText } from '../../library/why/wait-words.ts';
import { runView } from '../../library/run-view.ts';
import { route, type Ask } from '../route.ts';
import { json, name, ofRun, outcomeOf, outcomeSchema, runOf, runSchema } from '../shapes.ts';
import { callSchema, startedAt, startedSchema, tagsSchema, waitMs, waitMsMax } from '../shapes.ts';

const startSchema = z
  .strictObject({
    agent: name,
    input: json.optional(),
    tenant: name.optional(),
    user: name.optional(),
    pipeline: name.optional(),
    priority: z.enum(priorities).optional(),
    tags: tagsSchema.optional(),
  })
  .meta({ id: 'Start' });
type Start = z.output<typeof startSchema>;

/**
 * A start may name its tenant, as the query may: both must mean the same. A start whose query names none means the
 * tenant that it names itself, as far as its principal may.
 */
function startOf({ principal, query, tenant }: Ask<unknown, object, unknown>, start: Start) {
  const named = 'tenant' in query ? tenant : tenantFor(principal, start.tenant);
  if (start.tenant !== undefined && start.tenant !== named) {
    refuseField('body.tenant', `is not the tenant of this request, ${named}`);
  }
  const { agent, input, user, pipeline, priority, tags } = start;
  return {
    agent,
    tenant: named,
    ...(input === undefined ? {} : { input }),
    ...(user === undefined ? {} : { user }),
    ...(pipeline === undefined ? {} : { pipeline }),
    ...(priority === undefined ? {} : { priority }),
    ...(tags === undefined ? {} : { tags }),
  };
}

const start = route({
  method: 'POST',
  path: '/v1/runs',
  scope: 'run',
  summary: 'Starts a run. It is durable when this is answered.',
  ofTenant: true,
  tenantOf: (body) => (body as Start).tenant,
  body: startSchema,
  answers: { 202: startedSchema },
  effect: async (ask) => {
    const { agent, ...options } = startOf(ask, ask.body);
    const { id, tenant } = await ask.heddle.start(agent, options);
    return [{ runId: id, tenant }];
  },
  answer: ([run]) => {
    const { runId: id = '', tenant = '' } = run ?? {};
    return startedAt({ id, tenant });
  },
});

const startMany = route({
  method: 'POST',
  path: '/v1/runs/batch',
  scope: 'run',
  summary: 'Starts several runs: all of them, or none.',
  ofTenant: true,
  tenantOf: (body) => (body as { readonly starts: readonly Start[] }).starts[0]?.tenant,
  body: z.strictObject({ starts: z.array(startSchema).min(1).max(500) }),
  answers: { 202: z.object({ runs: z.array(startedSchema) }) },
  effect: async (ask) => {
    const starts = ask.body.starts.map((one) => startOf(ask, one));
    const [first] = starts;
    if (starts.some(({ tenant }) => tenant !== first?.tenant)) {
      refuseField('body.starts', 'must be of one tenant');
    }
    const runs = await ask.heddle.startAll(starts);
    return runs.map(({ id: runId, tenant }) => ({ runId, tenant }));
  },
  answer: (runs) => {
    return { status: 202, body: { runs: runs.map(({ runId: id, tenant }) => ({ id, tenant })) } };
  },
});

const get = route({
  method: 'GET',
  path: '/v1/runs/:runId',
  scope: 'read',
  summary: 'A run: its status, what it waits for in words, its input, and what it came to.',
  ofTenant: true,
  params: ofRun,
  answers: {
    200: z
      .object({
        ...runSchema.shape,
        waitsFor: z.string().nullable(),
        call: callSchema.optional(),
        state: json,
        input: json,
        output: json.optional(),
        error: outcomeSchema.shape.error,
      })
      .meta({ id: 'RunInFull' }),
  },
  handle: async ({ heddle, tenant, params }) => {
    const run = await heddle.run(params.runId, { tenant });
    const row = await run.row();
    const beside = await run.beside(row);
    const { output, error } = outcomeOf(row);
    const call = callNow(row, beside);
    return {
      status: 200,
      body: {
        ...runOf(row),
        waitsFor: waitText(row, beside),
        ...(call === undefined ? {} : { call }),
        state: runView(row, beside.timers)?.state ?? null,
        input: JSON.parse(row.inputText) as unknown,
        ...(output === undefined ? {} : { output }),
        ...(error === undefined ? {} : { error }),
      },
    };
  },
});

const output = route({
  method: 'GET',
  path: '/v1/runs/:runId/output',
  scope: 'read',
  summary: `What the run came to. Waits for its end, ${waitMsMax / 1_000} s at most; 202: it goes on, ask again.`,
  ofTenant: true,
  params: ofRun,
  query: z.object({ waitMs: waitMs(waitMsMax) }),
  answers: { 200: outcomeSchema, 202: outcomeSchema },
  handle: async ({ heddle, host, tenant, params, query, closing }) => {
    const run = await heddle.run(params.runId, { tenant });
    const row = await endedWithin(host, run, { waitMs: query.waitMs, closing });
    const body = outcomeOf(row);
    if (row.endedAtMs !== null) return { status: 200, body };
    return { status: 202, body, headers: { 'retry-after': '0' } };
  },
});

const why = route({
  method: 'GET',
  path: '/v1/runs/:runId/why',
  scope: 'read',
  summary: 'Why the run is where it is, in words and as data, with the runs that stand in its way.',
  ofTenant: true,
  params: ofRun,
  answers: {
    200: z.looseObject({
      runId: z.string(),
      status: z.enum(runStatuses),
      sinceMs: z.number(),
      words: z.string(),
      waits: z.array(json),
      unknown: z.string().nullable(),
      chain: json,
      lastError: json,
    }),
  },
  handle: async ({ heddle, tenant, params }) => {
    const run = await heddle.run(params.runId, { tenant });
    return { status: 200, body: await run.why() };
  },
});

export const runRoutes = [startMany, start, get, output, why];
