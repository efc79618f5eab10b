/** What a run did: its journal, its turns with their edges, its snapshot as of a turn, its attempts. */
import { z } from 'zod';
import type { AttemptEnd } from '../../../domain/calls/attempt.ts';
import { catalogueNames } from '../../../domain/effect.ts';
import { refuseField } from '../../../domain/field.ts';
import { asRunId } from '../../../domain/ids.ts';
import { attemptsWindow } from '../../../library/outside/attempts-window.ts';
import { journalWindow } from '../../../library/outside/journal-window.ts';
import { runStatuses } from '../../../library/runs-query.ts';
import { route } from '../../route.ts';
import { journalEntry, json, limit, ofRun } from '../../shapes.ts';

const turnMax = 2_147_483_646;
const place = (min: number) => z.coerce.number().int().min(min).max(turnMax);

/** From either end: the first turns after one, or the last ones before one. */
const window = (most: number, fallback: number) =>
  z.object({
    after: place(0).optional(),
    before: place(1).optional(),
    limit: limit(most, fallback),
  });
type Window = z.output<ReturnType<typeof window>>;

function checkOneEnd({ after, before }: Window): void {
  if (after === undefined || before === undefined) return;
  refuseField('query.before', 'must not stand beside after');
}

const status = z.enum(runStatuses).nullable();
const edge = z
  .object({
    id: z.string(),
    source: z.string(),
    event: z.string(),
    branch: z.int(),
    targets: z.array(z.string()),
  })
  .meta({ id: 'Edge' });
const entry = z.object({
  turn: z.int(),
  build: z.string().nullable(),
  atMs: z.number(),
  status,
  entries: z.array(journalEntry),
});

const exact = z.union([z.literal(true), z.enum(['chart-changed', 'version-missing'])]);
const invocation = { kind: z.literal('invocation'), id: z.string(), incarnation: z.int() };
const timer = { kind: z.literal('timer'), id: z.string(), generation: z.int() };
const sources = z.enum([...catalogueNames, 'task', 'child']);
const traced = entry.extend({
  value: json,
  edges: z.array(edge).nullable(),
  opened: z
    .array(
      z.union([
        z.object({ ...invocation, source: sources, src: z.string() }),
        z.object({ ...timer, delayMs: z.number() }),
      ]),
    )
    .nullable(),
  stopped: z.array(z.union([z.object(invocation), z.object(timer)])).nullable(),
  exact,
});

const journal = route({
  method: 'GET',
  path: '/v1/runs/:runId/journal',
  scope: 'inspect',
  summary:
    'Turns of a run in order, each with the events that it took: the first after `after` (default 0), or the last before `before`.',
  ofTenant: true,
  params: ofRun,
  query: window(1_000, 200),
  answers: { 200: z.object({ turns: z.array(entry) }) },
  handle: async ({ heddle, host, tenant, within, params, query }) => {
    checkOneEnd(query);
    const { id } = await heddle.run(params.runId, { tenant });
    const { after = 0, before, limit: most } = query;
    const from = before === undefined ? { afterTurn: after } : { beforeTurn: before };
    const at = { runId: asRunId(id), limit: most, ...from };
    return { status: 200, body: { turns: await journalWindow(host, within, at) } };
  },
});

const turns = route({
  method: 'GET',
  path: '/v1/runs/:runId/turns',
  scope: 'inspect',
  summary:
    'As the journal, with where each turn led (`value`), the edges that it took, what it opened and what it stopped, from a fold; null where no chart here can tell. `exact` says how well they are known: true, or that the chart has changed since, or that its version is missing here. Without `after` or `before`: the last turns.',
  ofTenant: true,
  params: ofRun,
  query: window(200, 100),
  answers: {
    200: z.object({ turns: z.array(traced) }),
  },
  handle: async ({ heddle, tenant, params, query }) => {
    checkOneEnd(query);
    const run = await heddle.run(params.runId, { tenant });
    const { after, before, limit: most } = query;
    const list = await run.turns({
      limit: most,
      edges: true,
      ...(after === undefined ? {} : { after }),
      ...(before === undefined ? {} : { before }),
    });
    return { status: 200, body: { turns: list } };
  },
});

const snapshot = route({
  method: 'GET',
  path: '/v1/runs/:runId/turns/:turn',
  scope: 'inspect',
  summary:
    'The run as it was after the turn. `exact`: true, or that its chart has changed since, or that its version is missing here; `asOf`: the turn of the state that is given. Of an open invocation `source` tells what it invokes, null where no chart here can tell; `agent` that of a child run.',
  ofTenant: true,
  params: ofRun.extend({ turn: place(1) }),
  answers: {
    200: z
      .object({
        turn: z.int(),
        asOf: z.int().nullable(),
        exact,
        value: json,
        context: json,
        status,
        edges: z.array(edge).nullable(),
        open: z.array(
          z.object({
            kind: z.enum(['invocation', 'timer']),
            id: z.string(),
            incarnation: z.int().optional(),
            generation: z.int().optional(),
            source: sources.nullable().optional(),
            src: z.string().optional(),
            agent: z.string().optional(),
            input: json.optional(),
          }),
        ),
        atMs: z.number(),
      })
      .meta({ id: 'RunSnapshot' }),
  },
  handle: async ({ heddle, tenant, params }) => {
    const run = await heddle.run(params.runId, { tenant });
    return { status: 200, body: await run.snapshotAt(params.turn) };
  },
});

const usage = z.object({
  inputTokens: z.number(),
  outputTokens: z.number(),
  cacheReadTokens: z.number().optional(),
  cacheWriteTokens: z.number().optional(),
  reasoningTokens: z.number().optional(),
});

const ends = {
  answered: 'answered',
  failed: 'failed',
  'rate-limited': 'rate-limited',
  outage: 'outage',
  cut: 'cut',
  refused: 'refused',
  'retry-once': 'retry-once',
  'timed-out': 'timed-out',
  aborted: 'aborted',
} as const satisfies { readonly [End in AttemptEnd]: End };

const attempts = route({
  method: 'GET',
  path: '/v1/runs/:runId/attempts',
  scope: 'inspect',
  summary:
    'Attempts of the run’s provider calls, by turns `from` to `to`: where each went, when it was sent and ended, and how. Without `after` or `before`: those of the last turns.',
  ofTenant: true,
  params: ofRun,
  query: window(200, 100),
  answers: {
    200: z.object({
      from: z.int(),
      to: z.int(),
      attempts: z.array(
        z.object({
          turn: z.int(),
          invocationId: z.string(),
          incarnation: z.int(),
          attempt: z.int(),
          count: z.int(),
          provider: z.string(),
          how: z.enum(ends),
          sentAtMs: z.number(),
          endedAtMs: z.number(),
          waitMs: z.number().optional(),
          fault: z.string().optional(),
          usage: usage.optional(),
        }),
      ),
    }),
  },
  handle: async ({ heddle, host, tenant, within: scope, params, query }) => {
    checkOneEnd(query);
    const run = await (await heddle.run(params.runId, { tenant })).row();
    const { after, before = turnMax, limit: most } = query;
    const from = after === undefined ? { before } : { after };
    const found = await attemptsWindow(host, { scope, run }, { limit: most, ...from });
    return { status: 200, body: found };
  },
});

export const pastRoutes = [journal, turns, snapshot, attempts];
