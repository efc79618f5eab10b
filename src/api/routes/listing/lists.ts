/** Runs by filter: pages of them, and counts. */
import { z } from 'zod';
import { route } from '../../route.ts';
import type { RunList, RunListQuery } from '../../../library/listing/run-list.ts';
import { callsNow } from '../../../library/why/call-now.ts';
import { runsInPhase } from '../../../library/why/runs-in-phase.ts';
import { limit, lineOf, listedRunSchema } from '../../shapes.ts';
import { cursorOf, positionOf } from '../cursor.ts';
import { filterOf, filterShape } from './filter.ts';

const list = route({
  method: 'GET',
  path: '/v1/runs',
  scope: 'read',
  summary:
    'Runs, newest first; with a time of the end, those that ended last first. An empty cursor: there are no more. A page may be short, or empty, and not be the last. `call`: where the calls of a run stand, which only its owner knows.',
  ofTenant: true,
  query: z.object({
    ...filterShape,
    phase: z.enum(['waits-for-slot', 'in-slot', 'answered']).optional().meta({
      description:
        'Only runs whose provider calls are in this phase. Only owners of runs know it: it is asked of them, for pages of 1,000 runs, and a page may be short.',
    }),
    order: z.enum(['newest', 'oldest']).default('newest'),
    limit: limit(1_000, 100),
    cursor: z.string().max(200).optional(),
  }),
  answers: { 200: z.object({ runs: z.array(listedRunSchema), cursor: z.string() }) },
  handle: async ({ heddle, host, tenant, query }) => {
    const { cursor, order, phase, limit: most } = query;
    const asked = {
      ...filterOf(query, tenant),
      order,
      limit: most,
      ...(cursor === undefined || cursor === '' ? {} : { cursor: positionOf(cursor) }),
    };
    const list = (of: RunListQuery): Promise<RunList> => heddle.listing.runs(of);
    const known = phase === undefined ? null : await runsInPhase(host, list, { ...asked, phase });
    const { runs, next } = known ?? (await list(asked));
    const at = next === null ? '' : cursorOf(next);
    const calls = known?.calls ?? (await callsNow(host, runs));
    const listed = runs.map((line) => {
      const call = calls.get(line.runId);
      return { ...lineOf(line), ...(call === undefined ? {} : { call }) };
    });
    return { status: 200, body: { runs: listed, cursor: at } };
  },
});

const counts = z.record(z.string(), z.int());

const facets = route({
  method: 'GET',
  path: '/v1/runs/facets',
  scope: 'read',
  summary:
    'How many runs match, by status, agent, user and code of the error. Exact up to 10,000 runs; beyond them isWhole is false, and the newest 10,000 are counted.',
  ofTenant: true,
  query: z.object(filterShape),
  answers: {
    200: z
      .object({
        isWhole: z.boolean(),
        total: z.int(),
        by: z.object({ status: counts, agent: counts, user: counts, code: counts }),
      })
      .meta({ id: 'RunFacets' }),
  },
  handle: async ({ heddle, tenant, query }) => ({
    status: 200,
    body: await heddle.listing.count(filterOf(query, tenant)),
  }),
});

export const listingRoutes = [list, facets];
