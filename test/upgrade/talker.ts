/** The agent whose runs stand open in `conversations-before.json`: its calls share a conversation. */
import { assign, setup } from 'xstate';
import { catalogue, type GenerateOutput } from '../../src/index.ts';

export const talker = {
  version: '1',
  machine: setup({
    types: { context: {} as { readonly said: readonly string[] } },
    actors: { ...catalogue },
    actions: {
      keep: assign(({ context, event }) => ({
        said: [...context.said, (event as unknown as { output: GenerateOutput }).output.text],
      })),
    },
  }).createMachine({
    id: 'talker',
    context: { said: [] },
    initial: 'first',
    states: {
      first: {
        invoke: {
          id: 'one',
          src: 'generate',
          input: { conversation: 'main', prompt: 'One?' },
          onDone: { target: 'second', actions: 'keep' },
        },
      },
      second: {
        invoke: {
          id: 'two',
          src: 'generate',
          input: {
            conversation: 'main',
            messages: [{ role: 'tool', toolCallId: 't1', content: 'seen' }],
            prompt: 'Two?',
          },
          onDone: { target: 'third', actions: 'keep' },
        },
      },
      third: {
        invoke: {
          id: 'three',
          src: 'generate',
          input: { conversation: 'main', prompt: 'Three?' },
          onDone: { target: 'end', actions: 'keep' },
        },
      },
      end: { type: 'final' },
    },
    output: ({ context }) => context.said,
  }),
};
