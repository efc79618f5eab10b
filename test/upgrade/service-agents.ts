/** The agents whose runs stand in `database-before-service.json`, besides those of agents.ts. */
import { assign, setup } from 'xstate';
import { catalogue, task } from '../../src/index.ts';
import { agents } from './agents.ts';

type Noted = { readonly runId: string };

/** Leaves something in each list: a message, a memory entry, an evaluation. It ends. */
const writer = setup({
  types: { context: {} as Noted, input: {} as Noted },
  actors: { ...catalogue },
}).createMachine({
  id: 'writer',
  context: ({ input }) => input,
  initial: 'publishing',
  states: {
    publishing: {
      invoke: {
        id: 'p',
        src: 'publish',
        input: { channel: 'letters', payload: 'one' },
        onDone: 'remembering',
      },
    },
    remembering: {
      invoke: {
        id: 'm',
        src: 'remember',
        input: { scope: 'user', key: 'letters/first', value: 1 },
        onDone: 'judging',
      },
    },
    judging: {
      invoke: {
        id: 'e',
        src: 'evaluate',
        input: ({ context }) => ({ runId: context.runId, score: 0.25, rationale: 'So so.' }),
        onDone: 'end',
      },
    },
    end: { type: 'final' },
  },
  output: { written: true },
});

const failing = setup({}).createMachine({
  id: 'failing',
  entry: assign(() => {
    throw new Error('the thread is torn');
  }),
});

/** Asks somebody. */
const clerk = setup({ types: { context: {} as { got: unknown } }, actors: { ...catalogue } });
const asker = clerk.createMachine({
  id: 'clerk',
  context: { got: null },
  initial: 'asking',
  states: {
    asking: {
      invoke: {
        id: 'q',
        src: 'ask',
        input: { question: 'May it be "sent"?', assignee: 'ann', data: { letter: 1 } },
        onDone: { target: 'end', actions: assign({ got: ({ event }) => event.output.answer }) },
      },
    },
    end: { type: 'final' },
  },
  output: ({ context }) => context.got,
});

/** Its first attempt had failed in the release before. */
const chore = setup({
  actors: {
    chore: task(() => Promise.resolve('done'), { attempts: 9, backoffMs: 60_000 }),
  },
}).createMachine({
  id: 'chore',
  initial: 'at-it',
  states: {
    'at-it': { invoke: { id: 'c', src: 'chore', onDone: 'end' } },
    end: { type: 'final' },
  },
});

/** Waits for an event; no replica has it for a while. */
const missed = setup({}).createMachine({
  id: 'missed',
  initial: 'waiting',
  states: { waiting: { on: { GO: 'end' } }, end: { type: 'final' } },
});

const given = [writer, failing, asker, chore].map((machine) => ({ machine, version: '1' }));
export const always = [...agents, ...given];
export const all = [...always, { machine: missed, version: '1' }];
