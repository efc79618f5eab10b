/** Publish against subscribe, and two consumers of a group. */
import { publisher, reader } from '../agents.ts';
import { outputsOf, runsOf } from '../checks.ts';
import { kernel } from '../kernel.ts';
import type { Scenario, World } from '../world.ts';

const readers = kernel.register(reader);
const publishers = kernel.register(publisher);

/** Pipelines on shards of the first replica and of the second: see `World.#shareOut`. */
export const onFirst = 'p0';
export const onSecond = 'p1';

export const publishAgainstSubscribe: Scenario = {
  name: 'publish against subscribe',
  agents: [readers, publishers],
  replicas: 2,
  clients: [
    async (client) => {
      const receive = { channel: 'news' };
      await client.start(readers, { receive, times: 3 }, { pipeline: onFirst });
    },
    async (client) => {
      const input = { channel: 'news', payloads: ['a', 'b'] };
      await client.start(publishers, input, { pipeline: onSecond });
      await client.publish('news', 'c');
    },
  ],
  outcome: (world) => [gotBy(world), runsOf(world).map(({ status }) => status)],
  // One reader outside groups: it got the channel as it is.
  check: (world) => {
    const channel = messagesOf(world, 'news');
    const got = outputsOf(world).find(({ agent }) => agent === 'reader')?.output;
    const wanted = JSON.stringify({ got: channel });
    return JSON.stringify(got) === wanted ? [] : [`reader: ${JSON.stringify(got)}, not ${wanted}`];
  },
};

export const twoConsumersOfAGroup: Scenario = {
  name: 'two consumers of a group',
  agents: [readers, publishers],
  replicas: 2,
  clients: [
    async (client) => {
      const input = { receive: { channel: 'jobs', group: 'g' }, times: 2 };
      await client.start(readers, input, { pipeline: onFirst });
      await client.start(readers, input, { pipeline: onSecond });
    },
    async (client) => {
      const input = { channel: 'jobs', payloads: ['a', 'b', 'c'] };
      await client.start(publishers, input, { pipeline: onFirst });
      await client.publish('jobs', 'd');
    },
  ],
  // Who got which is the schedule's; together they got each once.
  outcome: (world) => [gotBy(world), runsOf(world).map(({ status }) => status)],
};

/** What all readers got, sorted: who got it and when is the schedule's. */
export function gotBy(world: World): string[] {
  return outputsOf(world)
    .flatMap(({ output }) => (output as { readonly got?: string[] } | null)?.got ?? [])
    .sort();
}

function messagesOf(world: World, channel: string): unknown[] {
  return world.store.database.tables.messages
    .all()
    .filter((message) => message.channel === channel)
    .sort((a, b) => a.seq - b.seq)
    .map(({ payloadText }) => JSON.parse(payloadText) as unknown);
}
