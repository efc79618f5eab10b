/** Channels beside their messages: which there are, their groups, leases that are renewed. */
import { z } from 'zod';
import { renewAll } from '../../../library/outside/channel-log.ts';
import { channelsOf, groupsOf } from '../../../library/outside/names.ts';
import { route } from '../../route.ts';
import { limit, name } from '../../shapes.ts';
import { cursorOf, positionOf } from '../cursor.ts';

/** Of a list by name: those that begin so, page by page. */
export const page = {
  limit: limit(1_000, 100),
  cursor: z.string().max(2_000).optional(),
};
export const prefix = z.string().max(256).default('');
export const afterOf = (cursor: string | undefined): string | null =>
  cursor === undefined || cursor === '' ? null : positionOf(cursor);

/** Empty: there are no more. */
export function cursorAfter(names: readonly string[], most: number): string {
  const last = names.length < most ? undefined : names.at(-1);
  return last === undefined ? '' : cursorOf(last);
}

const list = route({
  method: 'GET',
  path: '/v1/channels',
  scope: 'read',
  summary:
    'Channels by name, those that begin with `prefix`: newest number, messages kept, groups (1,000 at most are counted). An empty cursor: there are no more.',
  ofTenant: true,
  query: z.object({ ...page, prefix }),
  answers: {
    200: z.object({
      channels: z.array(
        z.object({
          channel: z.string(),
          head: z.int(),
          messages: z.int(),
          newestAtMs: z.number().nullable(),
          groups: z.int(),
        }),
      ),
      cursor: z.string(),
    }),
  },
  handle: async ({ host, within, query }) => {
    const { limit: most, cursor } = query;
    const asked = { prefix: query.prefix, after: afterOf(cursor), limit: most };
    const channels = await channelsOf(host, within, asked);
    const names = channels.map(({ channel }) => channel);
    return { status: 200, body: { channels, cursor: cursorAfter(names, most) } };
  },
});

const groups = route({
  method: 'GET',
  path: '/v1/channels/:channel/groups',
  scope: 'read',
  summary:
    'Groups of a channel by name: the last number given to each, how many messages are above it (lag), how many are under a lease (1,000 at most are counted).',
  ofTenant: true,
  params: z.object({ channel: name }),
  query: z.object(page),
  answers: {
    200: z.object({
      head: z.int(),
      groups: z.array(
        z.object({ group: z.string(), cursor: z.int(), lag: z.int(), leased: z.int() }),
      ),
      cursor: z.string(),
    }),
  },
  handle: async ({ host, within, params, query }) => {
    const { limit: most, cursor } = query;
    const asked = { channel: params.channel, after: afterOf(cursor), limit: most };
    const found = await groupsOf(host, within, asked);
    const names = found.groups.map(({ group }) => group);
    return { status: 200, body: { ...found, cursor: cursorAfter(names, most) } };
  },
});

const renew = route({
  method: 'POST',
  path: '/v1/channels/:channel/groups/:group/renewals',
  scope: 'run',
  summary:
    'Keeps leased messages for longer, by their tokens: `leaseMs` from now. False: that lease is lost; refused when all are.',
  ofTenant: true,
  always: true,
  params: z.object({ channel: name, group: name }),
  body: z.strictObject({
    tokens: z.array(name).min(1).max(1_000),
    leaseMs: z.int().min(1).max(86_400_000).default(30_000),
  }),
  answers: { 200: z.object({ renewed: z.array(z.boolean()) }) },
  handle: async ({ host, within, params, body }) => {
    const renewed = await renewAll(host, within, { ...params, ...body });
    return { status: 200, body: { renewed } };
  },
});

export const channelRecordRoutes = [list, groups, renew];
