/** Charts whose runs are inspected: one with a child, and one that nests six deep. */
import { assign, createMachine, sendTo, setup } from 'xstate';

/** Waits for `GO`, and counts `TICK`s. */
export const weaver = setup({
  types: {
    context: {} as {
      readonly secret: string;
      readonly nested: { readonly apiKey: string };
      readonly n: number;
    },
    input: undefined as { readonly secret?: string } | undefined,
  },
}).createMachine({
  id: 'weaver',
  context: ({ input }) => ({ secret: input?.secret ?? 'none', nested: { apiKey: 'k-1' }, n: 0 }),
  initial: 'weaving',
  states: {
    weaving: {
      on: { GO: 'done', TICK: { actions: assign({ n: ({ context }) => context.n + 1 }) } },
    },
    done: { type: 'final' },
  },
  output: ({ context }) => ({ secret: context.secret }),
});

/** Starts a weaver, and ends after it. */
export const master = setup({ actors: { weaver } }).createMachine({
  id: 'master',
  initial: 'waiting',
  states: {
    waiting: {
      invoke: { id: 'child', src: 'weaver', input: {}, onDone: 'done', onError: 'done' },
      on: { TELL: { actions: sendTo('child', { type: 'GO' }) } },
    },
    done: { type: 'final' },
  },
});

const down = (depth: number): object =>
  depth === 0
    ? {
        entry: function tie() {
          return undefined;
        },
        on: { DOWN: { guard: 'isLate', actions: ['tie'], target: '#deep.s6.s5.other' } },
        meta: { at: 'the bottom' },
      }
    : {
        initial: `s${depth}`,
        states: { [`s${depth}`]: down(depth - 1), ...(depth === 4 ? { other: {} } : {}) },
      };

/** Six states stand in each other. */
export const deep = createMachine({ id: 'deep', ...down(6) } as never).provide({
  guards: { isLate: () => true },
  actions: { tie: () => undefined },
});

/** Its context stands in its chart, as values. */
export const still = createMachine({
  id: 'still',
  context: { pin: '4711', note: 'kept' },
  initial: 'on',
  states: { on: {} },
});
