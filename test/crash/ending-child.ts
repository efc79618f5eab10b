/**
 * A replica with a task that ends its process, and one that only stands beside it. It says how far their
 * runs are when both are over.
 */
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { assign, setup } from 'xstate';
import { createHeddle, task } from '../../src/index.ts';

const [databaseUrl = ''] = process.argv.slice(2);

function agent(id: string, work: () => Promise<unknown>) {
  return setup({
    types: { context: {} as { code: string } },
    actors: { work: task(work) },
  }).createMachine({
    id,
    context: { code: 'none' },
    initial: 'working',
    states: {
      working: {
        invoke: {
          id: 'work',
          src: 'work',
          onDone: 'over',
          onError: {
            target: 'over',
            actions: assign({
              code: ({ event }) => (event as unknown as { failure: { code: string } }).failure.code,
            }),
          },
        },
      },
      over: { type: 'final' },
    },
    output: ({ context }) => context.code,
  });
}

const ender = agent('ender', async () => {
  writeSync(1, 'begun\n');
  process.exit(1);
});
const patient = agent('patient', () => sleep(100));

const heddle = await createHeddle({
  databaseUrl,
  agents: [ender, patient],
  settings: { leaseMs: 600, pollMs: 200 },
  log: { info: () => undefined, warn: () => undefined },
});
const runs = await Promise.all(
  ['patient', 'ender'].map((name) => heddle.start(name, { idempotencyKey: name })),
);
const outputs = await Promise.all(runs.map((run) => run.output()));
writeSync(1, `over ${JSON.stringify(outputs)}\n`);
await heddle.close();
