/**
 * The first agent of a circuit: it answers a question, remembers the answer, and announces it on a
 * channel. It has no `onError` on purpose: an error that a chart does not handle fails its run,
 * visibly.
 */
import { assign, setup } from 'xstate';
import { catalogue } from '../../src/index.ts';

type Input = { readonly circuit: number; readonly question: string };

export const researcher = setup({
  types: {
    input: {} as Input,
    context: {} as Input & { readonly answer: string },
    output: {} as { readonly answer: string },
  },
  actors: { ...catalogue },
}).createMachine({
  id: 'researcher',
  context: ({ input }) => ({ ...input, answer: '' }),
  initial: 'answering',
  states: {
    answering: {
      invoke: {
        id: 'answer',
        src: 'generate',
        input: ({ context }) => ({
          system: 'You are a researcher. Answer in at most five sentences.',
          prompt: context.question,
        }),
        onDone: {
          target: 'remembering',
          actions: assign({ answer: ({ event }) => event.output.text }),
        },
      },
    },
    remembering: {
      invoke: {
        id: 'remember',
        src: 'remember',
        input: ({ context }) => ({
          scope: 'user',
          key: `answer/c${context.circuit}`,
          value: context.answer,
        }),
        onDone: 'publishing',
      },
    },
    publishing: {
      invoke: {
        id: 'publish',
        src: 'publish',
        input: ({ context }) => ({
          channel: `research-done/c${context.circuit}`,
          payload: { circuit: context.circuit },
        }),
        onDone: 'done',
      },
    },
    done: { type: 'final' },
  },
  output: ({ context }) => ({ answer: context.answer }),
});
