/** Streams and the relay between replicas on a Fastify. Fastify lets go of an answer that is a stream. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { asRunId, shardCount } from '../domain/ids.ts';
import { bodyBytesMax } from './problem.ts';
import type { Answer } from './route.ts';
import type { InterestChange } from './streams/relay/line.ts';
import { proofHeader } from '../library/relay/proof.ts';
import { changeRelay, serveRelay } from './streams/http.ts';
import { runId } from './shapes.ts';
import { fitting } from './streams/topics-asked.ts';
import { phasesMax, phasesPath, relayPath, viewPath, waitsPath } from '../library/relay/owners.ts';
import type { Streams } from './streams/streams.ts';

const interest = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('run'), tenant: z.string(), runId: z.string() }),
  z.strictObject({ kind: z.literal('text'), tenant: z.string(), runId: z.string() }),
  z.strictObject({ kind: z.literal('channel'), tenant: z.string(), channel: z.string() }),
  z.strictObject({ kind: z.literal('runs') }),
  z.strictObject({ kind: z.literal('gates') }),
]);
const interestsMax = 10_000;
const changeSchema = z.strictObject({
  add: z.array(interest).max(interestsMax),
  remove: z.array(interest).max(interestsMax),
});

const viewSchema = z.strictObject({
  runId,
  shard: z
    .int()
    .min(0)
    .max(shardCount - 1),
});

const phasesSchema = z.strictObject({ runs: z.array(viewSchema).max(phasesMax) });

/** Replicas ask each other here. They know each other by the database's secret, and need no token. */
export function addRelay(app: FastifyInstance, streams: Streams): void {
  // The server may be an application's, with a bound of its own.
  const hide = { schema: { hide: true }, bodyLimit: bodyBytesMax };
  // A stranger's body is not read.
  const known = {
    ...hide,
    onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
      if (!(await streams.relay.knows(request.headers[proofHeader]))) reply.code(403).send();
    },
  };
  app.get(relayPath, hide, async (request, reply) => {
    reply.hijack();
    await serveRelay(streams, request.raw, reply.raw);
  });
  app.post(viewPath, known, async (request, reply) => {
    const { runId: id, shard } = fitting(viewSchema, request.body, 'body');
    const proof = request.headers[proofHeader];
    const answer = await streams.relay.view(proof, { runId: asRunId(id), shard });
    return answer === null ? reply.code(403).send() : reply.send(answer);
  });
  app.post(phasesPath, known, async (request, reply) => {
    const { runs } = fitting(phasesSchema, request.body, 'body');
    const asked = runs.map((run) => ({ ...run, runId: asRunId(run.runId) }));
    const answer = await streams.relay.phases(request.headers[proofHeader], asked);
    return answer === null ? reply.code(403).send() : reply.send(answer);
  });
  app.post(waitsPath, known, async (request, reply) => {
    const answer = await streams.relay.waits(request.headers[proofHeader]);
    return answer === null ? reply.code(403).send() : reply.send(answer);
  });
  app.post(`${relayPath}/:link`, known, async (request, reply) => {
    const { link } = request.params as { readonly link: string };
    const change = fitting(changeSchema, request.body, 'body') as InterestChange;
    const proof = request.headers[proofHeader];
    return reply.code(await changeRelay(streams, { proof, link, change })).send();
  });
}

/** Resolves when the stream is over. A stream for which there is no room is refused as any request is. */
export async function sendStream(
  reply: FastifyReply,
  send: NonNullable<Answer['send']>,
): Promise<void> {
  const over = send(reply.raw);
  reply.hijack();
  await over;
}
