/** Children, people and tasks: what crosses from run to run and from outside, with pauses between. */
import { asker, child, parent, worker } from '../agents.ts';
import { outputsOf } from '../checks.ts';
import { kernel } from '../kernel.ts';
import type { Scenario } from '../world.ts';
import { onFirst, onSecond } from './channels.ts';

const children = kernel.register(child);
const parents = kernel.register(parent);
const askers = kernel.register(asker);
const workers = kernel.register(worker);

export const parentAndChildren: Scenario = {
  name: 'parent and children',
  agents: [parents, children],
  replicas: 2,
  clients: [
    async (client) => {
      await client.start(parents, null, { pipeline: onFirst });
    },
  ],
  outcome: outputsOf,
};

export const cancelledFamily: Scenario = {
  name: 'a family that is cancelled',
  agents: [parents, children],
  replicas: 1,
  clients: [
    async (client) => {
      const runId = await client.start(parents, null, { pipeline: onFirst });
      await client.sleep(15);
      await client.tell(runId, 'cancel');
    },
  ],
  outcome: (world) => outputsOf(world).filter(({ agent }) => agent === 'parent').length,
};

export const questionAndPause: Scenario = {
  name: 'question, events and a pause',
  agents: [askers],
  replicas: 2,
  clients: [
    async (client) => {
      const runId = await client.start(askers, null, { pipeline: onSecond });
      await client.send(runId, { type: 'NOTE', n: 1 });
      await client.tell(runId, 'pause');
      await client.send(runId, { type: 'NOTE', n: 2 });
      let answered = await client.answer(runId, 'question', 'blue');
      await client.sleep(10);
      await client.tell(runId, 'resume');
      await client.sleep(10);
      await client.tell(runId, 'pause');
      await client.sleep(30);
      await client.tell(runId, 'resume');
      await client.send(runId, { type: 'NOTE', n: 3 });
      // The first pause may have come before the question.
      while (!answered) {
        await client.sleep(10);
        answered = await client.answer(runId, 'question', 'blue');
      }
    },
  ],
  outcome: outputsOf,
};

export const tasksTriedAgain: Scenario = {
  name: 'tasks that are tried again',
  agents: [workers],
  replicas: 2,
  clients: [
    async (client) => {
      const runId = await client.start(workers, null, { pipeline: onFirst });
      await client.sleep(25);
      await client.tell(runId, 'pause');
      await client.sleep(10);
      await client.tell(runId, 'resume');
    },
    async (client) => {
      await client.start(workers, null, { pipeline: onSecond });
    },
  ],
  outcome: outputsOf,
};
