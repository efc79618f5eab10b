/** Compare-and-set memory: several writers of one entry, inside runs and outside. */
import { adder, merger } from '../agents.ts';
import type { Json } from '../../../src/domain/json.ts';
import { outputsOf } from '../checks.ts';
import { kernel } from '../kernel.ts';
import type { Scenario, World } from '../world.ts';
import { onFirst, onSecond } from './channels.ts';

const adders = kernel.register(adder);
const mergers = kernel.register(merger);

export const compareAndSet: Scenario = {
  name: 'compare-and-set memory',
  agents: [adders],
  replicas: 2,
  clients: [
    async (client) => {
      await client.start(adders, { times: 2 }, { user: 'u', pipeline: onFirst });
    },
    async (client) => {
      await client.start(adders, { times: 2 }, { user: 'u', pipeline: onSecond });
      await client.remember('u', 'other', 1);
    },
  ],
  outcome: (world) => {
    const { versions } = world.store.database.tables;
    const chain = versions
      .all()
      .filter(({ key }) => key === 'sum')
      .sort((a, b) => a.version - b.version)
      .map(({ valueText }) => valueText);
    return [outputsOf(world).map(({ status }) => status), chain];
  },
};

/** Runs of one batch, of overlapping batches and of two replicas merge into one entry. */
export const mergesByMany: Scenario = {
  name: 'merges by many',
  agents: [mergers],
  replicas: 2,
  clients: [onFirst, onFirst, onSecond, onSecond].map((pipeline, i) => async (client) => {
    const names = [`${i}a`, `${i}b`];
    await client.start(mergers, { names }, { user: 'u', pipeline });
  }),
  // In which order they came is the schedule's.
  outcome: (world) => Object.keys(chainOf(world).at(-1) ?? {}).sort(),
  // Each version holds what the one before it held: the history of the entry, folded.
  check: (world) => {
    const chain = chainOf(world);
    return chain.flatMap((value, i) => {
      const before = Object.keys(chain[i - 1] ?? {});
      const lost = before.filter((name) => !Object.hasOwn(value, name));
      return lost.length === 0 ? [] : [`merge lost: version ${i + 1} is without ${String(lost)}`];
    });
  },
};

function chainOf(world: World): { readonly [name: string]: Json }[] {
  return world.store.database.tables.versions
    .all()
    .filter(({ key }) => key === 'all')
    .sort((a, b) => a.version - b.version)
    .map(({ valueText }) => JSON.parse(valueText) as { readonly [name: string]: Json });
}
