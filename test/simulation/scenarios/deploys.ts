/** Charts that change under runs that are open, and change back. */
import { assign, setup } from 'xstate';
import { outputsOf, runsOf } from '../checks.ts';
import { kernel } from '../kernel.ts';
import type { Scenario } from '../world.ts';
import { onFirst, onSecond } from './channels.ts';

/** Two steps, each at a word from outside. */
const stepper = (first: string, add: (n: number) => number) =>
  kernel.register(
    setup({
      types: { context: {} as { readonly n: number } },
      actions: { add: assign({ n: ({ context }) => add(context.n) }) },
    }).createMachine({
      id: 'stepper',
      context: { n: 0 },
      // The text of what is added stands nowhere else.
      meta: { add: add.toString() },
      initial: first,
      states: {
        [first]: { on: { GO: { target: 'second', actions: 'add' } } },
        second: { on: { GO: { target: 'done', actions: 'add' } } },
        done: { type: 'final' },
      },
      output: ({ context }: { context: { n: number } }) => context.n,
    } as never),
    { version: '1', adopts: ['1'] },
  );

const before = stepper('first', (n) => n + 1);
const renamed = stepper('begun', (n) => n + 1);
export const throwing = stepper('first', () => {
  throw new Error('mistyped');
});

export const changedCharts: Scenario = {
  name: 'charts that change and change back',
  agents: [before],
  replicas: 2,
  clients: [
    async (client) => {
      const ids = await client.startAll(
        [onFirst, onSecond].map((pipeline) => ({
          agent: before,
          input: null,
          options: { pipeline },
        })),
      );
      while (ids.some((id) => (client.row(id)?.turn ?? 0) === 0)) await client.sleep(20);
      // Side by side, and neither can go on with them.
      client.world.deploy([renamed], [throwing]);
      await client.sleep(60);
      for (const id of ids) await client.send(id, { type: 'GO' });
      await client.sleep(250);
      client.world.deploy([before]);
      for (const id of ids) await client.send(id, { type: 'GO' });
    },
  ],
  outcome: outputsOf,
  check: (world) =>
    runsOf(world).some(({ status }) => status === 'failed') ? ['a deployment failed a run'] : [],
};
