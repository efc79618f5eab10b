/**
 * A chart as an author writes one by hand: it asks step by step in one conversation, carries out tool calls
 * side by side, and leaves the states in which a call or a tool is out when it is told to, or has no patience.
 * What it has not heard by then it does not tell.
 */
import { assign, setup } from 'xstate';
import type { GenerateInput, GenerateMessage, ToolCall } from '../../../src/domain/catalogue.ts';
import { catalogue, task } from '../../../src/kernel/catalogue.ts';
import { performTask } from '../../simulation/tasks.ts';
import { inputOf, newMessages } from '../requests/chart-input.ts';
import type { StepSpec } from '../requests/history-spec.ts';
import { vendors } from '../requests/vendors.ts';

type ChartInput = {
  readonly steps: readonly StepSpec[];
  readonly patiencesMs: readonly (number | null)[];
};

type Context = ChartInput & {
  readonly at: number;
  /** Of the last answer. */
  readonly calls: readonly ToolCall[];
  /** The ids of those whose tools have ended. */
  readonly ended: readonly string[];
  readonly late: readonly GenerateMessage[];
  /** Steps with a prompt that were answered. */
  readonly answered: readonly number[];
};

/** Tells in a prompt which prompts must stand before it. */
function markOf(at: number, answered: readonly number[]): string {
  return `[step ${at} after ${answered.join(' ')}]`;
}

const never = 3_600_000;

function stepOf({ steps, at, answered }: Context): StepSpec {
  const step = steps[at];
  if (step === undefined) throw new RangeError('there is no such step');
  const { prompt } = step;
  const isSaid = prompt !== null && prompt.trim() !== '';
  return { ...step, own: null, prompt: isSaid ? `${markOf(at, answered)} ${prompt}` : prompt };
}

/** What is told beside the prompt. */
function said(context: Context): ReturnType<typeof newMessages> {
  const { calls, ended } = context;
  return newMessages(
    stepOf(context),
    calls.filter(({ id }) => ended.includes(id)),
  );
}

function asking(context: Context): GenerateInput {
  const step = stepOf(context);
  const vendor = vendors[step.target];
  if (vendor === undefined) throw new RangeError('there is no such vendor');
  return inputOf(step, vendor, [...context.late, ...said(context).messages]);
}

function toolOf({ steps, at, calls }: Context, place: number): string {
  const { results = [] } = steps[at] ?? {};
  const how = results[place % Math.max(results.length, 1)]?.how ?? 'given';
  const { id = '' } = calls[place] ?? {};
  return `${how === 'missing' ? 'hangs' : how === 'failed' ? 'throws' : how}:${id}`;
}

type Event = { readonly type: 'skip' };

const chart = setup({
  types: { input: {} as ChartInput, context: {} as Context, events: {} as Event },
  actors: {
    ...catalogue,
    work: task(({ input }: { readonly input: string }) => performTask(input), {
      timeoutMs: 40,
      attempts: 2,
      backoffMs: 5,
    }),
  },
  guards: {
    isOver: ({ context }) => context.at >= context.steps.length,
    isThere: ({ context }, { place }: { readonly place: number }) =>
      context.calls[place] !== undefined,
  },
  actions: {
    next: assign({ at: ({ context }) => context.at + 1 }),
    tell: assign({
      ended: ({ context }, { place }: { readonly place: number }) => [
        ...context.ended,
        context.calls[place]?.id ?? '',
      ],
    }),
  },
  delays: {
    patience: ({ context: { patiencesMs, at } }) => patiencesMs[at % patiencesMs.length] ?? never,
  },
});

const place = (at: number) => {
  const invoke = `work-${at}`;
  const params = { place: at };
  return {
    initial: 'choosing',
    states: {
      choosing: {
        always: [
          { guard: { type: 'isThere' as const, params }, target: 'calling' },
          { target: 'ended' },
        ],
      },
      calling: {
        invoke: {
          id: invoke,
          src: 'work' as const,
          input: ({ context }: { readonly context: Context }) => toolOf(context, at),
          onDone: { target: 'ended', actions: { type: 'tell' as const, params } },
          onError: { target: 'ended', actions: { type: 'tell' as const, params } },
        },
      },
      ended: { type: 'final' as const },
    },
  };
};

const onward = { target: 'choosing', actions: 'next' } as const;

export const conversationChart = chart.createMachine({
  id: 'conversation',
  context: ({ input }) => ({ ...input, at: 0, calls: [], ended: [], late: [], answered: [] }),
  initial: 'choosing',
  states: {
    choosing: { always: [{ guard: 'isOver', target: 'over' }, { target: 'asking' }] },
    asking: {
      invoke: {
        id: 'ask',
        src: 'generate',
        input: ({ context }) => asking(context),
        onDone: {
          target: 'working',
          actions: assign(({ context, event }) => {
            const { prompt } = stepOf(context);
            const isMarked = prompt?.startsWith('[') === true;
            return {
              calls: event.output.toolCalls,
              ended: [],
              late: said(context).late,
              answered: isMarked ? [...context.answered, context.at] : context.answered,
            };
          }),
        },
        onError: onward,
      },
      after: { patience: onward },
      on: { skip: onward },
    },
    working: {
      type: 'parallel',
      states: { one: place(0), two: place(1) },
      onDone: onward,
      after: { patience: onward },
      on: { skip: onward },
    },
    over: { type: 'final' },
  },
});
