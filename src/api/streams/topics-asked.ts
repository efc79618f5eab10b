/** The topics that a client may ask for, as a query and as JSON. */
import { z } from 'zod';
import { asRunId, type RunId } from '../../domain/ids.ts';

const topicsMax = 64;
const place = z.int().min(0).max(999_999_999_999_999);
const name = z.string().min(1).max(256);
const runId = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'is not a run’s id');

export type TopicAsked =
  | {
      readonly kind: 'run';
      readonly runId: RunId;
      readonly after: number;
      readonly text: boolean;
    }
  | { readonly kind: 'channel'; readonly channel: string; readonly after: number | null };

export const isLog = (
  topic: TopicAsked,
): topic is Extract<TopicAsked, { readonly after: unknown }> => 'after' in topic;

const topicSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('run'),
    runId: runId,
    after: place.default(0),
    text: z.boolean().default(false),
  }),
  z.strictObject({
    kind: z.literal('channel'),
    channel: name,
    /** Absent: from the newest on. */
    after: place.optional(),
  }),
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

export const streamQuery = z.object({
  run: several.meta({ description: 'A run’s id, and maybe the turn seen last: `ID@12`.' }),
  channel: several.meta({ description: 'A channel, and maybe the number seen last: `news@12`.' }),
  text: z
    .union([z.enum(['true', 'false']), z.array(z.enum(['true', 'false'])).length(1)])
    .optional(),
  lastEventId: z.string().max(1_200).optional(),
});

export function topicsOfBody({ topics }: z.output<typeof streamBody>): readonly TopicAsked[] {
  return topics.map((topic): TopicAsked => {
    if (topic.kind === 'run') return { ...topic, runId: asRunId(topic.runId) };
    return { ...topic, after: topic.after ?? null };
  });
}

export function topicsOfQuery(query: z.output<typeof streamQuery>): readonly TopicAsked[] {
  const text = String(query.text) === 'true';
  const topics = [
    ...split(query.run).map(([id, after]) => {
      return { kind: 'run' as const, runId: id, text, ...(after === null ? {} : { after }) };
    }),
    ...split(query.channel).map(([channel, after]) => {
      return { kind: 'channel' as const, channel, ...(after === null ? {} : { after }) };
    }),
  ];
  return topicsOfBody(streamBody.parse({ topics }));
}

function split(given: string | readonly string[] | undefined): [string, number | null][] {
  const all = given === undefined ? [] : typeof given === 'string' ? [given] : given;
  return all.map((text) => {
    const [, named, at] = /^(.+)@(\d{1,15})$/.exec(text) ?? [];
    return named === undefined ? [text, null] : [named, Number(at)];
  });
}
