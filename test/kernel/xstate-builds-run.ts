/** Prints what the kernel makes of a chart, on the build of XState that this process loads. */
import { createRequire } from 'node:module';
import { assign, createMachine, emit, enqueueActions, fromCallback, raise, setup } from 'xstate';
import type { HeddleError } from '../../src/domain/errors.ts';
import type { RunEvent } from '../../src/domain/event.ts';
import { catalogue, task } from '../../src/kernel/catalogue.ts';
import { createKernel } from '../../src/kernel/kernel.ts';

const kernel = createKernel();
const work = task(() => Promise.resolve(1));
const machine = setup({
  types: { context: {} as { n: number } },
  actors: { ...catalogue, work },
  actions: { note: () => undefined },
}).createMachine({
  id: 'builds',
  context: { n: 0 },
  type: 'parallel',
  states: {
    one: {
      initial: 'a',
      states: {
        a: {
          invoke: { id: 'w', src: 'work', onDone: 'b', onError: 'b' },
          after: { 10: 'b' },
          on: { AGAIN: { target: 'a', reenter: true } },
        },
        b: { entry: raise({ type: 'LATE' }, { id: 'l', delay: 5 }) },
        back: { type: 'history' },
      },
    },
    two: {
      on: {
        GO: {
          actions: enqueueActions(({ enqueue }) => {
            enqueue.assign({ n: ({ context }) => context.n + 1 });
            enqueue('note');
            enqueue.spawnChild('work', { id: 'x' });
          }),
        },
        LATE: { actions: [assign({ n: 9 }), emit({ type: 'late' })] },
        LOOP: { actions: raise({ type: 'LOOP' }) },
        LOST: { actions: enqueueActions(({ enqueue }) => enqueue('nothing' as never)) },
        NOBODY: {
          actions: enqueueActions(({ enqueue }) =>
            enqueue.spawnChild('nobody' as never, { id: 'y' }),
          ),
        },
      },
    },
  },
});

const agent = kernel.register(machine, { version: '1' });
const named = (type: string): RunEvent => ({ kind: 'event', event: { type } });
const events: RunEvent[] = [
  named('GO'),
  named('AGAIN'),
  { kind: 'done', id: 'w', incarnation: 1, output: null },
  { kind: 'done', id: 'w', incarnation: 4, output: null },
  { kind: 'timer', id: 'send:l', generation: 6 },
];
const lines: unknown[] = [];
let { state, effects } = kernel.start(agent, undefined, 'r');
const show = (): unknown => [kernel.persist(agent, state), effects.map((one) => ({ ...one }))];
lines.push(show());
// What XState's development build warns of is not part of what is compared.
console.warn = () => undefined;
for (const event of events) {
  const step = kernel.step(agent, state, event, 'r');
  ({ effects } = step);
  state = kernel.restore(agent, kernel.persist(agent, step.state), 'r');
  lines.push(step.stale, show());
}
for (const type of ['LOOP', 'LOST', 'NOBODY']) {
  lines.push(kernel.step(agent, state, named(type), 'r').state.error);
}

let refusals = 0;
try {
  const inline = { id: 'a', src: fromCallback(() => undefined) };
  const silent = { id: 'b', src: 'silent' };
  const config = { id: 'refused', entry: () => undefined, invoke: [inline, silent] };
  kernel.register(
    createMachine(config as never, { actors: { silent: fromCallback(() => undefined) } }),
  );
} catch (error) {
  refusals = (error as HeddleError).message.split('\n- ').length - 1;
}
const path = createRequire(import.meta.url).resolve('xstate');
const build = path.includes('development') ? 'development' : 'production';
console.log(JSON.stringify({ build, refusals, lines }));
