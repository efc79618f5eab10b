// Runs one agent through the packed package: copied into a user's folder and run there by `.ci/run`.
import { readFileSync } from 'node:fs';
import { catalogue, createHeddle, stubProvider } from 'heddle';
import { assign, setup } from 'xstate';

const { version } = JSON.parse(readFileSync('node_modules/xstate/package.json', 'utf8'));

const greeter = setup({ actors: { ...catalogue } }).createMachine({
  id: 'greeter',
  context: { text: '' },
  initial: 'resting',
  states: {
    resting: { after: { 10: 'greeting' } },
    greeting: {
      invoke: {
        id: 'greet',
        src: 'generate',
        input: { prompt: 'Say hello.' },
        onDone: { target: 'done', actions: assign({ text: ({ event }) => event.output.text }) },
      },
    },
    done: { type: 'final' },
  },
  output: ({ context }) => context.text,
});

const heddle = await createHeddle({ agents: [greeter], providers: [stubProvider()] });
const run = await heddle.start('greeter');
const text = await run.output({ timeoutMs: 60_000 });
await heddle.close();
if (typeof text !== 'string' || text.length === 0) throw new Error('the run gave no text');
console.log(`heddle runs with xstate ${version}`);
