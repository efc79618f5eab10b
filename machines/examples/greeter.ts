/**
 * The smallest agent: it asks a model once and ends with what the model said.
 *
 * It shows that an agent is an ordinary XState chart. The one thing of heddle's in it is `generate`, an
 * actor of the catalogue: the call is recorded before it is made, so that a process which dies meanwhile
 * loses nothing, and the answer is recorded once, however often the call had to be made.
 */
import { assign, setup } from 'xstate';
import { catalogue } from '../../src/index.ts';

export const greeter = setup({ actors: { ...catalogue } }).createMachine({
  id: 'greeter',
  context: { text: '' },
  initial: 'greeting',
  states: {
    greeting: {
      invoke: {
        id: 'greet',
        src: 'generate',
        input: { prompt: 'Say hello to the weavers.' },
        onDone: { target: 'done', actions: assign({ text: ({ event }) => event.output.text }) },
      },
    },
    done: { type: 'final' },
  },
  output: ({ context: { text } }) => text,
});
