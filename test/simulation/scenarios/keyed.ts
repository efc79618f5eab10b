/**
 * Requests with a key, as the API sends them: each is asked again under its key until it is answered, with ids of its
 * own each time, and some are asked twice at once (promise 12).
 */
import { allTenants } from '../../../src/access/scopes.ts';
import { newMessage, newRun } from '../../../src/library/requests.ts';
import type { RequestMark } from '../../../src/store/requests/request-rows.ts';
import { reader } from '../agents.ts';
import { runsOf } from '../checks.ts';
import type { Client } from '../client.ts';
import { kernel } from '../kernel.ts';
import { tenant, type Scenario, type World } from '../world.ts';
import { onFirst, onSecond } from './channels.ts';

const readers = kernel.register(reader);

const markOf = (key: string, cameTo: unknown): RequestMark => ({
  key,
  route: 'POST /x',
  hash: key,
  answerText: JSON.stringify(cameTo),
});

function publish(client: Client, key: string): Promise<string> {
  return client.keyed(`publishes under ${key}`, (runtime) => {
    const messageId: string = client.world.ids.run();
    const message = { channel: 'keyed', payload: key, messageId };
    const value = newMessage(message, { tenant }, allTenants);
    const request = markOf(key, messageId);
    return { request, fate: runtime.arrive({ kind: 'messages', value: { ...value, request } }) };
  });
}

function start(client: Client, key: string, pipeline: string): Promise<string> {
  return client.keyed(`starts under ${key}`, (runtime) => {
    const input = { receive: { channel: 'keyed' }, times: 3 };
    const run = newRun(
      readers,
      client.world.ids.run(),
      { given: { tenant, input, pipeline } },
      allTenants,
    );
    const request = markOf(key, run.runId);
    const fates = runtime.startRuns([{ ...run, request }]);
    return { request, fate: fates.then(([fate = null]) => fate) };
  });
}

/** What each world's clients were told, by key. */
const toldIn = new WeakMap<World, [key: string, cameTo: string][]>();

async function told(client: Client, key: string, cameTo: Promise<string>): Promise<void> {
  const { world } = client;
  const known = toldIn.get(world) ?? [];
  toldIn.set(world, known);
  known.push([key, await cameTo]);
}

const messagesOf = ({ store }: World) =>
  store.database.tables.messages.all().filter(({ channel }) => channel === 'keyed');

export const keyedRequests: Scenario = {
  name: 'requests with a key',
  agents: [readers],
  replicas: 2,
  clients: [
    async (client) => {
      await told(client, 'start', start(client, 'start', onFirst));
      await told(client, 'a', publish(client, 'a'));
      await told(client, 'c', publish(client, 'c'));
    },
    async (client) => {
      await Promise.all(['b', 'b'].map((key) => told(client, key, publish(client, key))));
      await told(client, 'start', start(client, 'start', onSecond));
      await told(client, 'a', publish(client, 'a'));
    },
  ],
  outcome: (world) => [
    messagesOf(world)
      .map(({ payloadText }) => payloadText)
      .sort(),
    runsOf(world).map(({ status }) => status),
  ],
  // Whoever asks is told of the effect that there is.
  check: (world) => {
    const there = new Set<string>([
      ...messagesOf(world).map(({ messageId }) => messageId),
      ...runsOf(world).map(({ runId }) => runId),
    ]);
    return (toldIn.get(world) ?? []).flatMap(([key, cameTo]) =>
      there.has(cameTo) ? [] : [`keyed: ${key} was told of ${cameTo}, which is not there`],
    );
  },
};
