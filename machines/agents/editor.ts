/**
 * The second agent of a circuit: it waits for the researcher, tightens the researcher's answer,
 * remembers it as the next version, and announces it, with its own run's id, on a channel.
 */
import { assign, setup } from 'xstate';
import { catalogue } from '../../src/index.ts';

type Input = { readonly circuit: number };

export const editor = setup({
  types: {
    input: {} as Input,
    context: {} as Input & {
      readonly runId: string;
      readonly text: string;
      readonly version: number;
    },
    output: {} as { readonly text: string },
  },
  actors: { ...catalogue },
}).createMachine({
  id: 'editor',
  context: ({ input, self }) => ({ ...input, runId: self.id, text: '', version: 0 }),
  initial: 'waiting',
  states: {
    waiting: {
      invoke: {
        id: 'wait',
        src: 'receive',
        input: ({ context }) => ({ channel: `research-done/c${context.circuit}` }),
        onDone: 'recalling',
      },
    },
    recalling: {
      invoke: {
        id: 'recall',
        src: 'recall',
        input: ({ context }) => ({ scope: 'user', key: `answer/c${context.circuit}` }),
        onDone: {
          target: 'tightening',
          actions: assign({
            text: ({ event }) => event.output.value as string,
            version: ({ event }) => event.output.version,
          }),
        },
      },
    },
    tightening: {
      invoke: {
        id: 'tighten',
        src: 'generate',
        input: ({ context }) => ({
          system: 'You are an editor. Say the same in half the words.',
          prompt: context.text,
        }),
        onDone: {
          target: 'remembering',
          actions: assign({ text: ({ event }) => event.output.text }),
        },
      },
    },
    remembering: {
      invoke: {
        id: 'remember',
        src: 'remember',
        // The version that was tightened must still be the newest, so that two editors never
        // overwrite each other.
        input: ({ context }) => ({
          scope: 'user',
          key: `answer/c${context.circuit}`,
          value: context.text,
          expectedVersion: context.version,
        }),
        onDone: 'publishing',
      },
    },
    publishing: {
      invoke: {
        id: 'publish',
        src: 'publish',
        input: ({ context }) => ({
          channel: `editing-done/c${context.circuit}`,
          payload: { runId: context.runId },
        }),
        onDone: 'done',
      },
    },
    done: { type: 'final' },
  },
  output: ({ context }) => ({ text: context.text }),
});
