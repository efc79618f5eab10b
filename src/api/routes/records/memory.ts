/** The memory entries of an owner, by key. */
import { z } from 'zod';
import { entriesOf } from '../../../library/outside/names.ts';
import { route } from '../../route.ts';
import { ofEntry, ownerOf } from '../memory.ts';
import { afterOf, cursorAfter, page, prefix } from './channels.ts';

const list = route({
  method: 'GET',
  path: '/v1/memory/:scope/:owner',
  scope: 'read',
  summary:
    'Entries of an owner by key, those that begin with `prefix`: newest version, size, and the beginning of its value as JSON. Deleted ones with `deleted=true`. A page may be short of `limit`; an empty cursor: there are no more.',
  ofTenant: true,
  params: ofEntry.pick({ scope: true, owner: true }),
  query: z.object({ ...page, prefix, deleted: z.enum(['true', 'false']).default('false') }),
  answers: {
    200: z.object({
      entries: z.array(
        z.object({
          key: z.string(),
          version: z.int(),
          deleted: z.boolean(),
          bytes: z.int(),
          valueStart: z.string(),
          runId: z.string().nullable(),
          turn: z.int().nullable(),
          writtenAtMs: z.number(),
        }),
      ),
      cursor: z.string(),
    }),
  },
  handle: async ({ host, within, tenant, params, query }) => {
    const { limit: most, cursor, deleted } = query;
    const asked = { prefix: query.prefix, after: afterOf(cursor), limit: most };
    const found = await entriesOf(host, within, ownerOf({ ...params, key: '' }, tenant), asked);
    const entries = deleted === 'true' ? found : found.filter((one) => !one.deleted);
    const names = found.map(({ key }) => key);
    return { status: 200, body: { entries, cursor: cursorAfter(names, most) } };
  },
});

export const memoryRecordRoutes = [list];
