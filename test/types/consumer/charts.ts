/** Charts as a user writes them and exports them: with `declaration: true` each type must have a name. */
import { ask, catalogue, recall, receive, task, tool, toolLoop } from 'heddle';
import { assign, createMachine, emit, fromPromise, setup } from 'xstate';
import { z } from 'zod';

export interface Order {
  readonly yarn: string;
  readonly balls: number;
}

/** Each actor of the catalogue, with its output in `onDone`. */
export const clerkTypes = {
  input: {} as { readonly shop: string },
  context: {} as {
    readonly shop: string;
    readonly text: string;
    readonly tokens: number;
    readonly channel: string;
    readonly at: number;
    readonly version: number;
    readonly id: string;
    readonly balls: number;
    readonly stock: number | null;
    readonly yes: boolean;
  },
  output: {} as { readonly text: string; readonly balls: number; readonly endedAt: Date },
  events: {} as
    | { readonly type: 'approve'; readonly by: string }
    | { readonly type: 'decline' }
    | { readonly type: 'at'; readonly time: Date },
  emitted: {} as
    | { readonly type: 'progress'; readonly share: number }
    | { readonly type: 'stuck'; readonly since: Date },
};

export const weighing = task(async ({ input }: { readonly input: Order }) => input.balls * 50, {
  attempts: 3,
});

export const clerk = setup({
  types: clerkTypes,
  actors: {
    ...catalogue,
    orders: receive<Order>(),
    stock: recall<{ readonly balls: number }>(),
    decide: ask<{ readonly yes: boolean }>(),
    weigh: weighing,
    look: fromPromise<string, { readonly shop: string }>(async ({ input }) => input.shop),
  },
}).createMachine({
  id: 'clerk',
  context: ({ input }) => ({
    shop: input.shop,
    text: '',
    tokens: 0,
    channel: '',
    at: 0,
    version: 0,
    id: '',
    balls: 0,
    stock: null,
    yes: false,
  }),
  initial: 'asking',
  states: {
    asking: {
      invoke: {
        src: 'generate',
        input: { prompt: 'Say hello.', tier: 'small', maxTokens: 100 },
        onDone: {
          target: 'hearing',
          actions: assign(({ event }) => ({
            text: event.output.text,
            tokens: event.output.usage.inputTokens,
          })),
        },
        onError: 'failed',
      },
      on: {
        approve: { actions: assign({ text: ({ event }) => event.by }) },
        decline: { actions: emit({ type: 'progress', share: 0.5 }) },
      },
    },
    hearing: {
      invoke: {
        src: 'receive',
        input: { channels: ['a', 'b'], until: { atLeast: 2 } },
        onDone: {
          target: 'saying',
          actions: assign({ channel: ({ event }) => event.output.messages[0]?.channel ?? '' }),
        },
      },
    },
    saying: {
      invoke: {
        src: 'publish',
        input: { channel: 'a', payload: { any: ['json', null] }, delayMs: 5 },
        onDone: {
          target: 'remembering',
          actions: assign({
            channel: ({ event }) => event.output.channel + event.output.messageId,
          }),
        },
      },
    },
    remembering: {
      invoke: {
        src: 'remember',
        input: { scope: 'user', key: 'k', value: 1, expectedVersion: 0 },
        onDone: {
          target: 'recalling',
          actions: assign({ version: ({ event }) => event.output.version }),
        },
      },
    },
    recalling: {
      invoke: {
        src: 'recall',
        input: { scope: 'user', key: 'k', history: 2 },
        onDone: {
          target: 'forgetting',
          actions: assign({
            version: ({ event }) => event.output.version + event.output.history.length,
          }),
        },
      },
    },
    forgetting: {
      invoke: {
        src: 'forget',
        input: { scope: 'run', key: 'k' },
        onDone: {
          target: 'judging',
          actions: assign({ version: ({ event }) => event.output.version }),
        },
      },
    },
    judging: {
      invoke: {
        src: 'evaluate',
        input: ({ self }) => ({ runId: self.id, score: 1, rationale: 'It is me.' }),
        onDone: {
          target: 'ordering',
          actions: assign({ id: ({ event }) => event.output.evaluationId }),
        },
      },
    },
    ordering: {
      invoke: {
        src: 'orders',
        input: { channel: 'orders', max: 10 },
        onDone: {
          target: 'stocking',
          actions: assign({
            balls: ({ event }) =>
              event.output.messages.reduce((sum, { payload }) => sum + payload.balls, 0),
          }),
        },
      },
    },
    stocking: {
      invoke: {
        src: 'stock',
        input: { scope: 'tenant', key: 'stock' },
        onDone: {
          target: 'deciding',
          actions: assign({
            stock: ({ event: { output } }) => (output.found ? output.value.balls : output.value),
          }),
        },
      },
    },
    deciding: {
      invoke: {
        src: 'decide',
        input: { question: 'May I?', schema: { type: 'object' } },
        onDone: {
          target: 'weighing',
          actions: assign({ yes: ({ event }) => event.output.answer.yes }),
        },
      },
    },
    weighing: {
      invoke: {
        src: 'weigh',
        input: { yarn: 'merino', balls: 3 },
        onDone: { target: 'asked', actions: assign({ at: ({ event }) => event.output }) },
      },
    },
    asked: {
      invoke: {
        src: 'ask',
        input: { question: 'Anything else?' },
        onDone: {
          target: 'looking',
          actions: assign({ text: ({ event }) => JSON.stringify(event.output.answer) }),
        },
      },
    },
    looking: {
      invoke: {
        src: 'look',
        input: ({ context }) => ({ shop: context.shop }),
        onDone: { target: 'done', actions: assign({ text: ({ event }) => event.output }) },
      },
    },
    done: { type: 'final' },
    failed: { type: 'final' },
  },
  output: ({ context: { text, balls } }) => ({ text, balls, endedAt: new Date(0) }),
});

/** Without input, events or output. */
export const bare = setup({ actors: { ...catalogue } }).createMachine({ id: 'bare' });

/** XState's older form: the id is no part of its type. */
export const older = createMachine({
  id: 'older',
  types: {} as { input: { readonly n: number }; output: string; events: { type: 'go' } },
});

/** With a union as its output. XState takes `undefined` from the type of an input. */
export const perhaps = createMachine({
  id: 'perhaps',
  types: {} as {
    input: { readonly since?: string };
    output:
      { readonly kind: 'text'; readonly text: string } | { readonly kind: 'none' } | undefined;
  },
});

/** Answers have the type of its one question. */
export const asking = setup({
  actors: { ask: ask<{ readonly yes: boolean; readonly note?: string }>() },
}).createMachine({ id: 'asking' });

/** A second version of the bare one. */
export const newer = setup({
  types: { input: {} as { readonly n: number }, output: {} as number },
}).createMachine({ id: 'bare' });

const stockOf = {
  description: 'How many balls of a yarn are there.',
  schema: z.object({ yarn: z.string() }),
  run: async () => 1,
};

export const stock = tool({
  description: 'How many balls of a yarn are there.',
  schema: z.object({ yarn: z.string(), least: z.number().default(1) }),
  run: async ({ input, signal, idempotencyKey }) => ({
    balls: input.yarn.length + input.least,
    aborted: signal.aborted,
    idempotencyKey,
  }),
});

export const loop = toolLoop({ id: 'loop', tools: { stock }, bounds: { iterationsMax: 3 } });

/** Its answer has the type of its schema. */
export const counting = toolLoop({
  id: 'counting',
  tools: { stock },
  schema: z.object({ balls: z.number() }),
});
/** A chat, whose tool is called when a person has allowed it. */
export const desk = toolLoop({
  id: 'desk',
  tools: {
    refund: tool({
      description: 'Pays money back.',
      schema: z.object({ euros: z.number() }),
      needsApproval: ({ euros }) => euros > 50,
      assignee: 'shop',
      run: async ({ input }) => ({ refunded: input.euros }),
    }),
    stock: tool({ ...stockOf, needsApproval: true }),
  },
  approvalTimeoutMs: 60_000,
  chat: { idleMs: 60_000, promptsMax: 10, channel: ({ runId }) => `desk/${runId}` },
});

export const countingJson = toolLoop({ id: 'counting-json', schema: { type: 'object' } });

export const loopOf = toolLoop({
  id: 'loop-of',
  prompt: ({ input, runId }: { readonly input: Order; readonly runId: string }) =>
    input.yarn + runId,
});

/** An agent with agents as its children. */
export const parent = setup({ actors: { clerk, loop } }).createMachine({
  id: 'parent',
  invoke: [
    { src: 'clerk', input: { shop: 'a' } },
    { src: 'loop', input: { prompt: 'b' } },
  ],
});

/** Agents whose names are made while the program runs. */
export const made = ['a', 'b'].map((name) => createMachine({ id: name }));
