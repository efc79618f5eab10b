/** What the stream tells of a search: it knows some fields of a filter, so it also tells of runs that the others leave out. */
import type { RunsFilter, Topic } from '../../client/index.ts';
import type { RunsMeant } from './search-words.ts';

/** The fields that the stream knows; the others are held against the rows that are there. */
export function topicOf({ status, agent, user, pipeline, parent }: RunsFilter): Topic {
  const filter = {
    ...(status === undefined ? {} : { status }),
    ...(agent === undefined ? {} : { agent }),
    ...(user === undefined ? {} : { user }),
    ...(pipeline === undefined ? {} : { pipeline }),
    ...(parent === undefined ? {} : { parentRunId: parent }),
  };
  return { kind: 'runs', filter };
}

/** Whether a run that has begun can be among those that are meant. No run begins old or with an error; tags nobody tells. */
export function mayBeFresh(
  { code, tag, idPrefix = '', startedBelowMs, phase: wanted }: RunsMeant,
  { id, phase }: { readonly id: string; readonly phase: string | null },
): boolean {
  if (wanted !== undefined && wanted !== phase) return false;
  if (code !== undefined || tag !== undefined || startedBelowMs !== undefined) return false;
  return id.startsWith(idPrefix);
}
