/** Consumers outside runs, providers that ask to wait, and messages that are delayed. */
import { oneTenant } from '../../../src/access/scopes.ts';
import { caller, publisher, reader } from '../agents.ts';
import { outputsOf } from '../checks.ts';
import type { Client } from '../client.ts';
import { kernel } from '../kernel.ts';
import { tenant, type Scenario } from '../world.ts';
import { gotBy, onFirst, onSecond } from './channels.ts';

const publishers = kernel.register(publisher);
const callers = kernel.register(caller);
const readers = kernel.register(reader);

const group = { tenant, channel: 'out', group: 'g' };
const wanted = ['a', 'b', 'c'];

/** Works until all is done; what it has worked on it acknowledges, and not before. */
async function consume(client: Client, done: Set<string>): Promise<void> {
  while (done.size < wanted.length && client.nowMs < 20_000) {
    const messages = await client.through('leases', ({ store }) =>
      store.lease(oneTenant(group.tenant), { ...group, from: 'earliest', max: 2, leaseMs: 300 }),
    );
    for (const { payload, token } of messages) {
      await client.sleep(3);
      done.add(String(payload));
      await client.through('acknowledges', ({ store }) =>
        store.acknowledge(oneTenant(group.tenant), { ...group, tokens: [token] }),
      );
    }
    await client.sleep(50);
  }
}

const doneBy = new WeakMap<object, Set<string>>();

export const outsideConsumers: Scenario = {
  name: 'consumers outside runs',
  agents: [publishers],
  replicas: 2,
  clients: [
    async (client) => {
      await client.start(
        publishers,
        { channel: 'out', payloads: ['a', 'b'] },
        { pipeline: onFirst },
      );
      await client.publish('out', 'c');
    },
    (client) => consume(client, doneIn(client)),
    (client) => consume(client, doneIn(client)),
  ],
  outcome: (world) => [...doneIn(world)].sort(),
};

/** At least once is what consumers are promised: what each world's have done. */
function doneIn(at: Client | Parameters<Scenario['outcome']>[0]): Set<string> {
  const world = 'world' in at ? at.world : at;
  const done = doneBy.get(world) ?? new Set<string>();
  doneBy.set(world, done);
  return done;
}

export const rateLimits: Scenario = {
  name: 'a provider that asks to wait',
  agents: [callers],
  replicas: 1,
  rateLimited: 7,
  clients: [
    async (client) => {
      await client.start(callers, { prompt: 'a' });
      await client.start(callers, { prompt: 'b' });
    },
  ],
  outcome: outputsOf,
  // Promise 8. Outages on order may well stall.
  check: ({ schedule, history }) =>
    history.statuses.has('stalled') && !schedule.some((action) => action.do === 'fail')
      ? ['429 stalls: a run was shown as stalled']
      : [],
};

export const lateCalls: Scenario = {
  name: 'calls at their time limit',
  agents: [callers],
  replicas: 2,
  clients: [
    async (client) => {
      await client.start(callers, { prompt: 'a', timeoutMs: 21 }, { pipeline: onFirst });
    },
    async (client) => {
      await client.start(callers, { prompt: 'b', timeoutMs: 22 }, { pipeline: onSecond });
    },
  ],
  // Which of the two came first is the schedule's.
  outcome: (world) => outputsOf(world).map(({ status }) => status),
};

export const delayedMessages: Scenario = {
  name: 'delayed messages',
  agents: [readers],
  replicas: 2,
  clients: [
    async (client) => {
      await client.start(
        readers,
        { receive: { channel: 'later' }, times: 3 },
        { pipeline: onFirst },
      );
    },
    async (client) => {
      await client.publish('later', 'a', 25);
      await client.publish('later', 'b', 500);
      await client.publish('later', 'c');
    },
  ],
  outcome: gotBy,
};
