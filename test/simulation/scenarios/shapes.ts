/** Receives that want more than one message: what is there may be too little, and then is enough. */
import { reader } from '../agents.ts';
import { kernel } from '../kernel.ts';
import type { Scenario } from '../world.ts';
import { gotBy, onFirst, onSecond } from './channels.ts';

const readers = kernel.register(reader);

export const allAndAtLeast: Scenario = {
  name: 'receives of all and of at least three',
  agents: [readers],
  replicas: 2,
  clients: [
    async (client) => {
      const both = { channels: ['left', 'right'], until: 'all' as const };
      await client.start(readers, { receive: both, times: 1 }, { pipeline: onFirst });
      const three = { channel: 'left', until: { atLeast: 3 } };
      await client.start(readers, { receive: three, times: 1 }, { pipeline: onSecond });
    },
    async (client) => {
      for (const payload of ['a', 'a', 'a']) await client.publish('left', payload);
      await client.publish('right', 'b');
    },
  ],
  outcome: gotBy,
};

export const mixedGroup: Scenario = {
  name: 'a group whose members want different things',
  agents: [readers],
  replicas: 2,
  clients: [
    async (client) => {
      const two = { channel: 'jobs', group: 'g', until: { atLeast: 2 } };
      await client.start(readers, { receive: two, times: 1 }, { pipeline: onFirst });
      await client.start(
        readers,
        { receive: { channel: 'jobs', group: 'g' }, times: 1 },
        { pipeline: onSecond },
      );
      await client.sleep(30);
      await client.publish('jobs', 'a');
      await client.sleep(600);
      await client.publish('jobs', 'b');
      await client.publish('jobs', 'c');
    },
  ],
  outcome: gotBy,
  // One message is there, and somebody waits for one: it does not lie about.
  check: (world) => {
    const { journal, messages } = world.store.database.tables;
    const second = messages.all().find(({ seq }) => seq === 2)?.publishedAtMs ?? 0;
    const served = journal
      .all()
      .some(({ atMs, entriesText }) => atMs < second && entriesText.includes('"a"'));
    return served || world.slowestMs > 0 || world.schedule.length > 0 ? [] : ['group starves'];
  },
};
