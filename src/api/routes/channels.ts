/** Channels: published to, read, and leased from by consumers outside runs. */
import { z } from 'zod';
import { limits } from '../../domain/limits.ts';
import { acknowledgeAll, readLog } from '../../library/outside/channel-log.ts';
import { route } from '../route.ts';
import { count, json, limit, name, waitMs } from '../shapes.ts';

const ofChannel = z.object({ channel: name });
const ofGroup = z.object({ channel: name, group: name });

const message = z.object({
  channel: z.string(),
  seq: z.int(),
  messageId: z.string(),
  payload: json,
  runId: z.string().nullable(),
  publishedAtMs: z.number(),
});
const leased = message.extend({ attempt: z.int(), token: z.string() });

const publish = route({
  method: 'POST',
  path: '/v1/channels/:channel/messages',
  scope: 'run',
  summary:
    'Publishes a message. It has its place in the channel, or its delay, when this is answered.',
  ofTenant: true,
  params: ofChannel,
  body: z.strictObject({
    payload: json,
    delayMs: z.int().min(0).max(limits.delayMsMax).optional(),
  }),
  answers: { 202: z.object({ messageId: z.string() }) },
  effect: ({ heddle, tenant, params, body }) => {
    const { payload = null, delayMs = 0 } = body;
    return heddle.publish(params.channel, payload, { tenant, delayMs });
  },
  answer: (published) => ({ status: 202, body: published }),
});

const read = route({
  method: 'GET',
  path: '/v1/channels/:channel/messages',
  scope: 'read',
  summary:
    'The messages above `after`, in order; waits for the first. Takes nothing. `head`: the newest number.',
  ofTenant: true,
  params: ofChannel,
  query: z.object({ after: count.default(0), limit: limit(1_000, 100), waitMs: waitMs(0) }),
  answers: { 200: z.object({ head: z.int(), messages: z.array(message) }) },
  handle: async ({ host, within: scope, params, query, closing }) => {
    const at = { scope, channel: params.channel, after: query.after, limit: query.limit };
    const { head, rows: messages } = await readLog(host, at, { waitMs: query.waitMs, closing });
    return { status: 200, body: { head, messages } };
  },
});

const lease = route({
  method: 'POST',
  path: '/v1/channels/:channel/groups/:group/leases',
  scope: 'run',
  summary:
    'Leases messages to a consumer of the group, each at least once, until it acknowledges them.',
  ofTenant: true,
  params: ofGroup,
  body: z
    .strictObject({
      max: z.int().min(1).max(1_000).optional(),
      leaseMs: z.int().min(1).max(86_400_000).optional(),
      from: z.enum(['earliest', 'latest']).optional(),
    })
    .nullish(),
  answers: { 200: z.object({ messages: z.array(leased) }) },
  effect: ({ heddle, tenant, params, body }) => {
    const { max = 10, leaseMs = 30_000, from = 'earliest' } = body ?? {};
    const { channel, group } = params;
    return heddle.receive(channel, { tenant, group, max, leaseMs, from });
  },
  answer: (messages) => ({ status: 200, body: { messages } }),
});

const acknowledge = route({
  method: 'POST',
  path: '/v1/channels/:channel/groups/:group/acknowledgements',
  scope: 'run',
  summary:
    'Marks messages as done, by their tokens. False: the lease has ended, and another may have it.',
  ofTenant: true,
  always: true,
  params: ofGroup,
  body: z.strictObject({ tokens: z.array(name).min(1).max(1_000) }),
  answers: { 200: z.object({ acknowledged: z.array(z.boolean()) }) },
  effect: ({ host, within, params, body, request }) =>
    acknowledgeAll(host, within, { ...params, ...body }, request),
  answer: (acknowledged) => ({ status: 200, body: { acknowledged } }),
});

export const channelRoutes = [publish, read, lease, acknowledge];
