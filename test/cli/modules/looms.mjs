import { setup } from 'xstate';

export const loom = setup({}).createMachine({
  id: 'loom',
  initial: 'idle',
  states: { idle: { on: { go: 'done' } }, done: { type: 'final' } },
});
