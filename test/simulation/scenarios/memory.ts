/** Compare-and-set memory: several writers of one entry, inside runs and outside. */
import { adder } from '../agents.ts';
import { outputsOf } from '../checks.ts';
import { kernel } from '../kernel.ts';
import type { Scenario } from '../world.ts';
import { onFirst, onSecond } from './channels.ts';

const adders = kernel.register(adder);

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
