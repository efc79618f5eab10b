/** The whole as an operator sees it: the replicas with their shards, and what was going on. */
import { z } from 'zod';
import { everyMax } from '../../../domain/drawn.ts';
import { shardCount } from '../../../domain/ids.ts';
import { weavePast } from '../../../library/live/weave-past.ts';
import { runStatuses } from '../../../library/runs-query.ts';
import { route } from '../../route.ts';
import { count } from '../../shapes.ts';
import { weaveBytes } from './weave-bytes.ts';

const replicas = route({
  method: 'GET',
  path: '/v1/replicas',
  scope: 'inspect',
  summary:
    'The replicas, live ones first, with the shards that each holds, and the shards that none holds.',
  ofTenant: false,
  answers: {
    200: z.object({
      replicas: z.array(
        z.object({
          replicaId: z.string(),
          address: z.string().nullable(),
          release: z.int().nullable(),
          isLive: z.boolean(),
          heartbeatAgoMs: z.number(),
          shards: z.array(z.int()),
        }),
      ),
      shards: z.int(),
      shardsWithoutOwner: z.array(z.int()),
    }),
  },
  handle: async ({ heddle }) => {
    const { replicas: all, shardsWithoutOwner } = await heddle.replicas();
    return { status: 200, body: { replicas: all, shards: shardCount, shardsWithoutOwner } };
  },
});

const statuses = z.partialRecord(z.enum(runStatuses), z.int());

const activity = route({
  method: 'GET',
  path: '/v1/activity',
  scope: 'inspect',
  summary:
    'What was going on: every 5 s of the last hour, every minute of the last week; 720 counts at most.',
  ofTenant: false,
  query: z.object({ from: count.optional(), to: count.optional(), step: count.optional() }),
  answers: {
    200: z.object({
      fromMs: z.number(),
      toMs: z.number(),
      stepMs: z.number(),
      counts: z.array(
        z.object({
          atMs: z.number(),
          statuses,
          inSlots: z.int(),
          isWhole: z.boolean(),
          gates: z.array(
            z.object({
              gate: z.string(),
              status: z.string(),
              limit: z.int(),
              ceiling: z.int(),
              inUse: z.int(),
            }),
          ),
          users: z.array(z.object({ tenant: z.string(), user: z.string(), statuses })),
          rest: z.object({ users: z.int(), statuses }),
        }),
      ),
    }),
  },
  handle: async ({ heddle, query: { from, to, step } }) => {
    const history = await heddle.activity({
      ...(from === undefined ? {} : { fromMs: from }),
      ...(to === undefined ? {} : { toMs: to }),
      ...(step === undefined ? {} : { stepMs: step }),
    });
    return { status: 200, body: history };
  },
});

const every = z.coerce.number().int().min(1).max(everyMax);

const weave = route({
  method: 'GET',
  path: '/v1/activity/weave',
  scope: 'read',
  summary:
    'What the runs that a page draws were in during the last `span` ms, out of their journals and attempts: open ones and those that ended, one of `every`. Bytes: see the documentation of the pages.',
  ofTenant: true,
  query: z.object({
    span: z.coerce.number().int().min(1_000).max(3_600_000).default(900_000),
    every: every.refine((n) => (n & (n - 1)) === 0, 'is no power of two').default(1),
  }),
  answers: { 200: z.string() },
  mediaTypes: ['application/octet-stream'],
  handle: async ({ host, within, query: { span, every: of } }) => {
    const past = await weavePast(host.runtime.store, within, { spanMs: span, every: of });
    const headers = { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' };
    return { status: 200, headers, body: weaveBytes(past) };
  },
});

export const wholeRoutes = [replicas, activity, weave];
