import { setup } from 'xstate';

export const fine = setup({}).createMachine({
  id: 'fine',
  initial: 'idle',
  states: { idle: {} },
});
export const stray = setup({}).createMachine({
  id: 'stray',
  initial: 'idle',
  states: { idle: { invoke: { id: 'x', src: 'nothing-of-this-name' } } },
});
