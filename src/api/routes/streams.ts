/** Streams: what changes, as it changes. What they carry is in src/api/streams. */
import { z } from 'zod';
import { checkScope, loopback, tenantScopeOf, type Principal } from '../../access/principal.ts';
import { checkAll } from '../../access/scopes.ts';
import { route, type Answer, type Ask } from '../route.ts';
import {
  streamBody,
  streamQuery,
  topicsOfBody,
  topicsOfQuery,
  type TopicAsked,
} from '../streams/topics-asked.ts';

const text = z.string().meta({ description: 'Server-sent events.' });

/** Who may not inspect runs gets their turns without what they took, and no text. */
async function opened(
  ask: Ask<unknown, unknown, unknown>,
  topics: readonly TopicAsked[],
  lastEventId: string | undefined,
): Promise<Answer> {
  const { principal, within: scope, streams, admitted, headers } = ask;
  if (topics.some((topic) => topic.kind === 'run' && topic.text)) checkScope(principal, 'inspect');
  if (topics.some(({ kind }) => kind === 'providers')) checkAll(tenantScopeOf(principal));
  const send = await streams.open({
    token: principal === loopback ? null : principal.by,
    scope,
    topics,
    lastEventId: headers['last-event-id'] ?? lastEventId,
    inspects: inspects(principal),
    seesGates: principal.tenant === null,
    allowed: async () => {
      const now = await admitted();
      checkScope(now, 'read');
      if (inspects(principal)) checkScope(now, 'inspect');
    },
  });
  return { status: 200, send };
}

const inspects = ({ scopes }: Principal): boolean =>
  scopes.includes('inspect') || scopes.includes('admin');

const resumes = {
  'Last-Event-ID': 'The id of the last frame that came; it stands before `lastEventId`.',
};

const ofQuery = route({
  method: 'GET',
  path: '/v1/stream',
  scope: 'read',
  summary:
    'Follows runs, channels, states of runs, providers or all activity: topics in the query.',
  ofTenant: true,
  headers: resumes,
  query: streamQuery,
  answers: { 200: text },
  mediaTypes: ['text/event-stream'],
  handle: async (ask) => opened(ask, topicsOfQuery(ask.query), ask.query.lastEventId),
});

const ofBody = route({
  method: 'POST',
  changesNothing: true,
  path: '/v1/stream',
  scope: 'read',
  summary: 'Follows runs, channels, states of runs, providers or all activity: topics in the body.',
  ofTenant: true,
  headers: resumes,
  body: streamBody,
  answers: { 200: text },
  mediaTypes: ['text/event-stream'],
  handle: async (ask) => opened(ask, topicsOfBody(ask.body), ask.body.lastEventId),
});

export const streamRoutes = [ofQuery, ofBody];
