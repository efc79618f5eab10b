/** The topics that a client may ask for, as a query and as JSON. */
import { z } from 'zod';
import { refuseField } from '../../domain/field.ts';
import { asRunId, type RunId } from '../../domain/ids.ts';
import { runStatuses } from '../../library/runs-query.ts';
import { name, runId } from './names.ts';
import type { RunsFilter } from './states/runs-topic.ts';

const topicsMax = 64;
/** As the store counts them. */
export const turnMax = 2_147_483_646;
const turn = z.int().min(0).max(turnMax);
const place = z.int().min(0).max(999_999_999_999_999);

export type TopicAsked =
  | {
      readonly kind: 'run';
      readonly runId: RunId;
      readonly after: number;
      readonly text: boolean;
    }
  | { readonly kind: 'channel'; readonly channel: string; readonly after: number | null }
  | { readonly kind: 'runs'; readonly filter: RunsFilter }
  | { readonly kind: 'providers' }
  | { readonly kind: 'activity' };

export const isLog = (
  topic: TopicAsked,
): topic is Extract<TopicAsked, { readonly after: unknown }> => 'after' in topic;

const topicSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('run'),
    runId,
    after: turn.default(0),
    text: z.boolean().default(false),
  }),
  z.strictObject({
    kind: z.literal('channel'),
    channel: name,
    /** Absent: from the newest on. */
    after: place.optional(),
  }),
  z.strictObject({
    kind: z.literal('runs'),
    filter: z
      .strictObject({
        status: z.array(z.enum(runStatuses)).min(1).max(16).optional(),
        agent: name.optional(),
        user: name.optional(),
        pipeline: name.optional(),
        parentRunId: runId.optional(),
      })
      .default({}),
  }),
  z.strictObject({ kind: z.literal('providers') }),
  z.strictObject({ kind: z.literal('activity') }),
]);

export const streamBody = z
  .strictObject({
    topics: z.array(topicSchema).min(1).max(topicsMax),
    lastEventId: z.string().max(1_200).optional(),
  })
  .meta({ id: 'StreamAsked' });

/** One name or several; each may end in `@` and the place after which it begins. */
const several = z
  .union([z.string().max(300), z.array(z.string().max(300)).max(topicsMax)])
  .optional();

const one = z.union([name, z.tuple([name])]).optional();
const truth = z.enum(['true', 'false']);
const flag = z.union([truth, z.tuple([truth])]).optional();

export const streamQuery = z.object({
  run: several.meta({ description: 'A run’s id, and maybe the turn seen last: `ID@12`.' }),
  channel: several.meta({ description: 'A channel, and maybe the number seen last: `news@12`.' }),
  text: flag,
  runs: flag.meta({ description: 'True: the states of open runs, those that fit the next five.' }),
  status: several,
  agent: one,
  user: one,
  pipeline: one,
  parentRunId: one,
  providers: flag,
  activity: flag,
  lastEventId: z.string().max(1_200).optional(),
});

export function topicsOfBody({ topics }: z.output<typeof streamBody>): readonly TopicAsked[] {
  return topics.map((topic): TopicAsked => {
    if (topic.kind === 'run') return { ...topic, runId: asRunId(topic.runId) };
    if (topic.kind === 'channel') return { ...topic, after: topic.after ?? null };
    return topic;
  });
}

export function topicsOfQuery(query: z.output<typeof streamQuery>): readonly TopicAsked[] {
  const isTrue = (given: z.output<typeof flag>): boolean => String(given) === 'true';
  const text = isTrue(query.text);
  const topics = [
    ...split(query.run).map(([id, after]) => {
      return { kind: 'run' as const, runId: id, text, ...(after === null ? {} : { after }) };
    }),
    ...split(query.channel).map(([channel, after]) => {
      return { kind: 'channel' as const, channel, ...(after === null ? {} : { after }) };
    }),
    ...(isTrue(query.runs) ? [{ kind: 'runs' as const, filter: filterOf(query) }] : []),
    ...(isTrue(query.providers) ? [{ kind: 'providers' as const }] : []),
    ...(isTrue(query.activity) ? [{ kind: 'activity' as const }] : []),
  ];
  return topicsOfBody(fitting(streamBody, { topics }, 'query'));
}

/** Throws `invalid-field` with the first thing that is wrong. */
export function fitting<Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
  within: string,
): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return refuseField([within, ...(issue?.path ?? [])].join('.'), `is wrong: ${issue?.message}`);
}

function filterOf({ status, agent, user, pipeline, parentRunId }: z.output<typeof streamQuery>) {
  const of = { agent, user, pipeline, parentRunId };
  const given = Object.entries(of).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)] as const],
  );
  const statuses = status === undefined ? [] : [status].flat().flatMap((text) => text.split(','));
  return { ...Object.fromEntries(given), ...(statuses.length === 0 ? {} : { status: statuses }) };
}

function split(given: string | readonly string[] | undefined): [string, number | null][] {
  const all = given === undefined ? [] : typeof given === 'string' ? [given] : given;
  return all.map((text) => {
    const [, named, at] = /^(.+)@(\d{1,15})$/.exec(text) ?? [];
    return named === undefined ? [text, null] : [named, Number(at)];
  });
}
