/**
 * An agent that does what its input says, step by step, and ends with what came of each step. So a
 * test reads as the steps that it is about, and all of them go through a real chart.
 */
import { assign, setup } from 'xstate';
import type { ErrorRecord } from '../../src/domain/errors.ts';
import { catalogue, type Json } from '../../src/index.ts';

const actors = [
  'generate',
  'receive',
  'publish',
  'remember',
  'recall',
  'forget',
  'evaluate',
  'ask',
] as const;
type ActorName = (typeof actors)[number];

/** `wait`: for the event `go`. `sleep`: so many milliseconds. */
export type ScriptStep =
  | { readonly [Name in ActorName]: { readonly do: Name; readonly with: Json } }[ActorName]
  | { readonly do: 'wait' }
  | { readonly do: 'sleep'; readonly ms: number };

/** What came of one step. */
export type StepResult = { readonly done: Json } | { readonly failed: ErrorRecord };

type Context = {
  readonly steps: readonly ScriptStep[];
  readonly at: number;
  readonly results: readonly StepResult[];
};

const current = ({ context }: { context: Context }): ScriptStep | undefined =>
  context.steps[context.at];

const chart = setup({
  types: {
    context: {} as Context,
    input: {} as { readonly steps: readonly ScriptStep[] },
    events: {} as { readonly type: 'go'; readonly [key: string]: Json },
  },
  actors: { ...catalogue },
  actions: {
    keepDone: assign(({ context, event }) => {
      const { output } = event as unknown as { readonly output?: Json };
      return kept(context, { done: output ?? null });
    }),
    keepFailed: assign(({ context, event }) => {
      const { error } = event as unknown as { readonly error: ErrorRecord };
      return kept(context, { failed: { ...error } });
    }),
    keepEvent: assign(({ context, event }) => kept(context, { done: { ...event } as Json })),
  },
  delays: {
    asLongAsAsked: ({ context }) => {
      const step = current({ context });
      return step?.do === 'sleep' ? step.ms : 0;
    },
  },
});

function kept(context: Context, result: StepResult): Partial<Context> {
  return { at: context.at + 1, results: [...context.results, result] };
}

/** One state for each actor; `next` goes to the state of the step that is due. */
const steps = Object.fromEntries(
  actors.map((name) => [
    name,
    {
      invoke: {
        id: name,
        src: name,
        input: ({ context }: { context: Context }) =>
          (current({ context }) as { with?: Json } | undefined)?.with,
        onDone: { target: 'next', actions: 'keepDone' },
        onError: { target: 'next', actions: 'keepFailed' },
      },
    },
  ]),
);

const isNext =
  (name: string) =>
  ({ context }: { context: Context }): boolean =>
    current({ context })?.do === name;

export const script = chart.createMachine({
  id: 'script',
  context: ({ input }) => ({ steps: input.steps, at: 0, results: [] }),
  initial: 'next',
  states: {
    next: {
      always: [
        ...[...actors, 'wait', 'sleep'].map((name) => ({ guard: isNext(name), target: name })),
        { target: 'ended' },
      ],
    },
    ...steps,
    wait: { on: { go: { target: 'next', actions: 'keepEvent' } } },
    sleep: { after: { asLongAsAsked: { target: 'next', actions: 'keepDone' } } },
    ended: { type: 'final' },
  } as never,
  output: ({ context }) => context.results,
});
