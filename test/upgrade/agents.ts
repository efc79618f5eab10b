/**
 * The agents whose runs stand open in `database-0.1.0.json`, in each way in which a run can wait. Their
 * functions are made from texts, since the default versions of 0.1.0 are hashes of these: what compiles
 * this file must have no say in them.
 */
import { assign, setup } from 'xstate';
import { catalogue, task } from '../../src/index.ts';

/** The type is what the text says. */
function made<Fn>(text: string): Fn {
  // oxlint-disable-next-line typescript/no-implied-eval -- its text is what is tested
  return new Function(`return (${text})`)() as Fn;
}

/** Fits everywhere: what it does is in its text. */
const keep = assign({ got: made<never>('({ event }) => event.output') }) as never;
const base = setup({
  types: { context: {} as { got: unknown } },
  actors: { ...catalogue, work: task(made<() => Promise<string>>('async () => "worked"')) },
});
const output = made<never>('({ context }) => context.got');
const end = { end: { type: 'final' } } as const;

const asker = base.createMachine({
  id: 'asker',
  context: { got: null },
  initial: 'asking',
  states: {
    asking: {
      invoke: {
        id: 'q',
        src: 'ask',
        input: { question: 'Well?', schema: { type: 'string' } },
        onDone: { target: 'end', actions: keep },
      },
    },
    ...end,
  },
  output,
});

const reader = base.createMachine({
  id: 'reader',
  context: { got: null },
  initial: 'reading',
  states: {
    reading: {
      invoke: {
        id: 'r',
        src: 'receive',
        input: { channel: 'news' },
        onDone: { target: 'end', actions: keep },
      },
    },
    ...end,
  },
  output,
});

const sleeper = base.createMachine({
  id: 'sleeper',
  context: { got: 'slept' },
  initial: 'sleeping',
  states: { sleeping: { after: { 60_000: 'end' } }, ...end },
  output,
});

const caller = base.createMachine({
  id: 'caller',
  context: { got: null },
  initial: 'calling',
  states: {
    calling: {
      invoke: {
        id: 'g',
        src: 'generate',
        input: { prompt: 'Say something.', timeoutMs: 3_600_000 },
        onDone: { target: 'end', actions: keep },
      },
    },
    ...end,
  },
  output,
});

const worker = base.createMachine({
  id: 'worker',
  context: { got: null },
  initial: 'working',
  states: {
    working: { invoke: { id: 'w', src: 'work', onDone: { target: 'end', actions: keep } } },
    ...end,
  },
  output,
});

/** Waits for an event; started without input, which it has a default for. */
const listener = base.createMachine({
  id: 'listener',
  context: { got: null },
  initial: 'waiting',
  states: {
    waiting: {
      on: {
        GO: { target: 'end', actions: assign({ got: made<never>('({ event }) => event.what') }) },
      },
    },
    ...end,
  },
  output,
});

const parent = setup({
  types: { context: {} as { got: unknown } },
  actors: { asker },
}).createMachine({
  id: 'parent',
  context: { got: null },
  initial: 'waiting',
  states: {
    waiting: { invoke: { id: 'kid', src: 'asker', onDone: { target: 'end', actions: keep } } },
    ...end,
  },
  output,
});

/** Its versions are given, not hashed. */
const versioned = {
  machine: base.createMachine({ ...listener.config, id: 'versioned' } as never),
  version: '7',
};

export const agents = [asker, reader, sleeper, caller, worker, listener, parent, versioned];
