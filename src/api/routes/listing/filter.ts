/** Which runs are meant, as a query says it: the same for lists, counts and bulk commands. */
import { z } from 'zod';
import type { RunsFilter } from '../../../library/listing/run-filter.ts';
import { runStatuses } from '../../../library/runs-query.ts';
import { count, name, runId, tagsSchema } from '../../shapes.ts';

/** Words with commas between them. */
const listed = <Item extends z.ZodType<unknown, string[]>>(items: Item) =>
  z
    .string()
    .transform((text) => text.split(','))
    .pipe(items);

export const filterShape = {
  status: listed(z.array(z.enum(runStatuses)).max(14)).optional(),
  agent: name.optional(),
  user: name.optional(),
  pipeline: name.optional(),
  parent: runId.optional(),
  code: name.optional(),
  tag: listed(tagsSchema)
    .optional()
    .meta({ description: 'Tags with commas between them: all of them are wanted.' }),
  idPrefix: z.string().max(36).optional(),
  startedFromMs: count.optional(),
  startedBelowMs: count.optional(),
  endedFromMs: count.optional(),
  endedBelowMs: count.optional(),
};

const filterSchema = z.object(filterShape);

export function filterOf(query: z.output<typeof filterSchema>, tenant: string): RunsFilter {
  const { status, agent, user, pipeline, parent, code, tag, idPrefix } = query;
  const { startedFromMs, startedBelowMs, endedFromMs, endedBelowMs } = query;
  return {
    tenant,
    ...(status === undefined ? {} : { statuses: status }),
    ...(agent === undefined ? {} : { agent }),
    ...(user === undefined ? {} : { user }),
    ...(pipeline === undefined ? {} : { pipeline }),
    ...(parent === undefined ? {} : { parentRunId: parent }),
    ...(code === undefined ? {} : { code }),
    ...(tag === undefined ? {} : { tags: tag }),
    ...(idPrefix === undefined || idPrefix === '' ? {} : { idPrefix }),
    ...(startedFromMs === undefined ? {} : { startedFromMs }),
    ...(startedBelowMs === undefined ? {} : { startedBelowMs }),
    ...(endedFromMs === undefined ? {} : { endedFromMs }),
    ...(endedBelowMs === undefined ? {} : { endedBelowMs }),
  };
}
