/** Commands to all open runs of a filter. */
import { z } from 'zod';
import { runStatuses } from '../../../library/runs-query.ts';
import type { RunsFilter } from '../../../library/listing/run-filter.ts';
import { route } from '../../route.ts';
import { name, runId, tagsSchema } from '../../shapes.ts';
import { cursorOf, positionOf } from '../cursor.ts';

const time = z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional();

/** The filter of the lists, as JSON. What it means must be open, so it has no times of ends and no code. */
const filterSchema = z
  .strictObject({
    status: z.array(z.enum(runStatuses)).max(14).optional(),
    agent: name.optional(),
    user: name.optional(),
    pipeline: name.optional(),
    parent: runId.optional(),
    tag: tagsSchema.optional(),
    idPrefix: z.string().min(1).max(36).optional(),
    startedFromMs: time,
    startedBelowMs: time,
  })
  .meta({ id: 'OpenRunsFilter' });

const commandSchema = z.enum(['cancel', 'pause', 'resume']);

function meantBy(given: z.output<typeof filterSchema>, tenant: string): RunsFilter {
  const { status, parent, tag, ...same } = given;
  const named = Object.entries(same).filter(([, value]) => value !== undefined);
  return {
    tenant,
    ...Object.fromEntries(named),
    ...(status === undefined ? {} : { statuses: status }),
    ...(parent === undefined ? {} : { parentRunId: parent }),
    ...(tag === undefined ? {} : { tags: tag }),
  };
}

const count = route({
  method: 'POST',
  path: '/v1/runs/commands/count',
  scope: 'run',
  summary: 'How many open runs a command would reach. Nothing is done.',
  ofTenant: true,
  changesNothing: true,
  always: true,
  body: z.strictObject({ command: commandSchema, filter: filterSchema }),
  answers: { 200: z.object({ matches: z.int() }) },
  handle: async ({ heddle, tenant, body }) => {
    const { matches } = await heddle.listing.meant(body.command, meantBy(body.filter, tenant));
    return { status: 200, body: { matches } };
  },
});

const command = route({
  method: 'POST',
  path: '/v1/runs/commands',
  scope: 'run',
  summary:
    'Cancels, pauses or resumes the open runs that a filter means, the oldest 1,000 at most. `matches` is the count that was shown: when more match now, nothing is done (409 more-match). For what is left, ask again with the cursor.',
  ofTenant: true,
  always: true,
  body: z.strictObject({
    command: commandSchema,
    filter: filterSchema,
    matches: z.int().min(0).max(100_000),
    reason: z.string().max(4_000).optional(),
    cursor: z.string().max(200).optional(),
  }),
  answers: {
    202: z
      .object({ done: z.int(), left: z.int(), runIds: z.array(runId), cursor: z.string() })
      .meta({ id: 'CommandsDone' }),
  },
  handle: async ({ heddle, tenant, body }) => {
    const { cursor, reason, matches } = body;
    const { done, left, runIds, next } = await heddle.listing.command(
      body.command,
      meantBy(body.filter, tenant),
      {
        matches,
        ...(reason === undefined ? {} : { reason }),
        ...(cursor === undefined || cursor === ''
          ? {}
          : { cursor: positionOf(cursor, 'body.cursor') }),
      },
    );
    const at = next === null ? '' : cursorOf(next);
    return { status: 202, body: { done, left, runIds: [...runIds], cursor: at } };
  },
});

export const bulkRoutes = [count, command];
