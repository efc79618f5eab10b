/** Small charts, one for each thing that goes on between runs. */
import { assign, enqueueActions, sendParent, setup } from 'xstate';
import { catalogue, task } from '../../src/kernel/catalogue.ts';
import type { ReceiveInput } from '../../src/domain/catalogue.ts';
import type { Failure } from '../../src/domain/failure.ts';
import { performTask } from './tasks.ts';
import { rejectOddly, throwOddly, type ThrowingPlace } from './throws.ts';

/** Publishes its payloads one after the other, each in the turn of the one before. */
export const publisher = setup({
  types: {
    input: {} as { readonly channel: string; readonly payloads: readonly string[] },
    context: {} as { readonly channel: string; readonly left: readonly string[] },
  },
  actors: { ...catalogue },
  guards: { more: ({ context }) => context.left.length > 0 },
  actions: {
    shout: () => {
      throw Object.create(null);
    },
  },
}).createMachine({
  id: 'publisher',
  context: ({ input }) => ({ channel: input.channel, left: input.payloads }),
  initial: 'choosing',
  states: {
    choosing: {
      entry: 'shout',
      always: [{ guard: 'more', target: 'publishing' }, { target: 'done' }],
    },
    publishing: {
      invoke: {
        id: 'publish',
        src: 'publish',
        input: ({ context }) => ({ channel: context.channel, payload: context.left[0] ?? '' }),
        onDone: {
          target: 'choosing',
          actions: assign({ left: ({ context }) => context.left.slice(1) }),
        },
      },
    },
    done: { type: 'final' },
  },
});

type Reading = {
  readonly receive: ReceiveInput;
  readonly times: number;
  readonly got: readonly string[];
};

/** Receives again and again, until it has done so `times` times; its output is what it got. */
export const reader = setup({
  types: {
    input: {} as Pick<Reading, 'receive' | 'times'>,
    context: {} as Reading,
    output: {} as { readonly got: readonly string[] },
  },
  actors: { ...catalogue },
  guards: { enough: ({ context }) => context.times <= 0 },
}).createMachine({
  id: 'reader',
  context: ({ input }) => ({ ...input, got: [] }),
  initial: 'choosing',
  states: {
    choosing: { always: [{ guard: 'enough', target: 'done' }, { target: 'receiving' }] },
    receiving: {
      invoke: {
        id: 'receive',
        src: 'receive',
        input: ({ context }) => context.receive,
        onDone: {
          target: 'choosing',
          actions: assign({
            times: ({ context }) => context.times - 1,
            got: ({ context, event }) => [
              ...context.got,
              ...event.output.messages.map(({ payload }) => String(payload)),
            ],
          }),
        },
        onError: {
          target: 'done',
          actions: assign({ got: ({ context }) => [...context.got, 'timeout'] }),
        },
      },
    },
    done: { type: 'final' },
  },
  output: ({ context }) => ({ got: context.got }),
});

/** Asks a model, then another time with the answer. */
export const caller = setup({
  types: {
    input: {} as { readonly prompt: string; readonly timeoutMs?: number },
    context: {} as {
      readonly prompt: string;
      readonly timeoutMs: number | null;
      readonly text: string;
    },
    output: {} as { readonly text: string },
  },
  actors: { ...catalogue },
}).createMachine({
  id: 'caller',
  context: ({ input }) => ({ prompt: input.prompt, timeoutMs: input.timeoutMs ?? null, text: '' }),
  initial: 'first',
  states: {
    first: {
      invoke: {
        id: 'one',
        src: 'generate',
        input: ({ context: { prompt, timeoutMs } }) => ({
          prompt,
          ...(timeoutMs === null ? {} : { timeoutMs }),
        }),
        onDone: { target: 'second', actions: assign({ text: ({ event }) => event.output.text }) },
        onError: { target: 'second', actions: assign({ text: () => 'late' }) },
      },
    },
    second: {
      invoke: {
        id: 'two',
        src: 'generate',
        input: ({ context }) => ({ prompt: context.text }),
        onDone: { target: 'done', actions: assign({ text: ({ event }) => event.output.text }) },
      },
    },
    done: { type: 'final' },
  },
  output: ({ context }) => ({ text: context.text }),
});

/** Adds one to a number that others add to as well: compare-and-set until it holds. */
export const adder = setup({
  types: {
    input: {} as { readonly times: number },
    context: {} as { readonly times: number; readonly value: number; readonly version: number },
  },
  actors: { ...catalogue },
  guards: { enough: ({ context }) => context.times <= 0 },
})
  .createMachine({
    id: 'adder',
    context: ({ input }) => ({ times: input.times, value: 0, version: 0 }),
    initial: 'choosing',
    states: {
      choosing: { always: [{ guard: 'enough', target: 'done' }, { target: 'recalling' }] },
      recalling: {
        invoke: {
          id: 'recall',
          src: 'recall',
          input: { scope: 'user', key: 'sum' },
          onDone: {
            target: 'resting',
            actions: assign({
              value: ({ event }) => Number(event.output.value ?? 0),
              version: ({ event }) => event.output.version,
            }),
          },
        },
      },
      /** The read and the write are of different turns, so others come in between. */
      resting: { after: { rest: 'remembering' } },
      remembering: {
        invoke: {
          id: 'remember',
          src: 'remember',
          input: ({ context: { value, version } }) => ({
            scope: 'user',
            key: 'sum',
            value: value + 1,
            expectedVersion: version,
          }),
          onDone: {
            target: 'choosing',
            actions: assign({ times: ({ context }) => context.times - 1 }),
          },
          onError: 'recalling',
        },
      },
      done: { type: 'final' },
    },
  })
  .provide({ delays: { rest: 5 } });

/** Merges a key of its own into an entry that others merge theirs into. */
export const merger = setup({
  types: {
    input: {} as { readonly names: readonly string[] },
    context: {} as { readonly left: readonly string[] },
  },
  actors: { ...catalogue },
  guards: { more: ({ context }) => context.left.length > 0 },
}).createMachine({
  id: 'merger',
  context: ({ input }) => ({ left: input.names }),
  initial: 'choosing',
  states: {
    choosing: { always: [{ guard: 'more', target: 'merging' }, { target: 'done' }] },
    merging: {
      invoke: {
        id: 'remember',
        src: 'remember',
        input: ({ context }) => ({
          scope: 'user',
          key: 'all',
          value: { [context.left[0] ?? '']: true },
          merge: true,
        }),
        onDone: {
          target: 'choosing',
          actions: assign({ left: ({ context }) => context.left.slice(1) }),
        },
      },
    },
    done: { type: 'final' },
  },
});

/** A deadline against an event: whichever is first decides, twice in a row. */
export const racer = setup({
  types: {
    events: {} as { readonly type: 'GO' } | { readonly type: 'AGAIN' },
    context: {} as { readonly seen: readonly string[]; readonly again: number },
    output: {} as { readonly seen: readonly string[] },
  },
  actions: {
    see: assign({
      seen: ({ context }, { what }: { readonly what: string }) => [...context.seen, what],
    }),
    count: assign({ again: ({ context }) => context.again + 1 }),
  },
  delays: { short: 40, long: 2_000 },
}).createMachine({
  id: 'racer',
  context: { seen: [], again: 0 },
  initial: 'first',
  states: {
    first: {
      on: {
        GO: { target: 'second', actions: { type: 'see', params: { what: 'go' } } },
        AGAIN: { target: 'first', reenter: true, actions: 'count' },
      },
      after: { short: { target: 'second', actions: { type: 'see', params: { what: 'late' } } } },
    },
    second: {
      on: { GO: { actions: 'count' } },
      after: { long: { target: 'done', actions: { type: 'see', params: { what: 'end' } } } },
    },
    done: { type: 'final' },
  },
  output: ({ context }) => ({ seen: context.seen }),
});

/** Does some work for its parent and says so on the way. */
export const child = setup({
  types: {
    input: {} as { readonly prompt: string },
    context: {} as { readonly prompt: string; readonly text: string },
    output: {} as { readonly text: string },
  },
  actors: { ...catalogue },
}).createMachine({
  id: 'child',
  context: ({ input }) => ({ prompt: input.prompt, text: '' }),
  initial: 'working',
  states: {
    working: {
      invoke: {
        id: 'work',
        src: 'generate',
        input: ({ context }) => ({ prompt: context.prompt }),
        onDone: {
          target: 'done',
          actions: [
            assign({ text: ({ event }) => event.output.text }),
            sendParent({ type: 'PROGRESS' }),
          ],
        },
      },
    },
    done: { type: 'final' },
  },
  output: ({ context }) => ({ text: context.text }),
});

/** Two children side by side; its output says what it heard of them. */
export const parent = setup({
  types: {
    events: {} as { readonly type: 'PROGRESS' },
    context: {} as { readonly progress: number; readonly texts: readonly string[] },
    output: {} as { readonly progress: number; readonly texts: readonly string[] },
  },
  actors: { child },
  actions: { progress: assign({ progress: ({ context }) => context.progress + 1 }) },
}).createMachine({
  id: 'parent',
  context: { progress: 0, texts: [] },
  type: 'parallel',
  on: { PROGRESS: { actions: 'progress' } },
  states: {
    left: {
      initial: 'busy',
      states: {
        busy: {
          invoke: {
            id: 'left',
            src: 'child',
            input: { prompt: 'left' },
            onDone: {
              target: 'over',
              actions: assign({
                texts: ({ context, event }) => [...context.texts, event.output.text].sort(),
              }),
            },
            onError: 'over',
          },
        },
        over: { type: 'final' },
      },
    },
    right: {
      initial: 'busy',
      states: {
        busy: {
          invoke: {
            id: 'right',
            src: 'child',
            input: { prompt: 'right' },
            onDone: {
              target: 'over',
              actions: assign({
                texts: ({ context, event }) => [...context.texts, event.output.text].sort(),
              }),
            },
            onError: 'over',
          },
        },
        over: { type: 'final' },
      },
    },
  },
  output: ({ context }) => ({ progress: context.progress, texts: context.texts }),
});

/** Asks a person, while events go on coming in. */
export const asker = setup({
  types: {
    events: {} as { readonly type: 'NOTE'; readonly n: number },
    context: {} as { readonly notes: readonly number[]; readonly answer: string },
    output: {} as { readonly notes: readonly number[]; readonly answer: string },
  },
  actors: { ...catalogue },
  actions: {
    note: assign({ notes: ({ context, event }) => [...context.notes, (event as { n: number }).n] }),
  },
  guards: { all: ({ context }) => context.notes.length >= 3 },
}).createMachine({
  id: 'asker',
  context: { notes: [], answer: '' },
  on: { NOTE: { actions: 'note' } },
  initial: 'asking',
  states: {
    asking: {
      invoke: {
        id: 'question',
        src: 'ask',
        input: { question: 'Which?' },
        onDone: {
          target: 'thinking',
          actions: assign({ answer: ({ event }) => String(event.output.answer) }),
        },
      },
    },
    thinking: {
      invoke: {
        id: 'think',
        src: 'generate',
        input: ({ context }) => ({ prompt: context.answer }),
        onDone: 'collecting',
      },
    },
    collecting: { always: { guard: 'all', target: 'done' } },
    done: { type: 'final' },
  },
  output: ({ context }) => ({ notes: context.notes, answer: context.answer }),
});

/** Two tasks one after the other; each is tried until it holds. */
export const worker = setup({
  types: {
    context: {} as { readonly did: readonly string[] },
    output: {} as { readonly did: readonly string[] },
  },
  actors: {
    work: task(({ idempotencyKey }) => performTask(idempotencyKey), { attempts: 20, backoffMs: 5 }),
  },
}).createMachine({
  id: 'worker',
  context: { did: [] },
  initial: 'first',
  states: {
    first: {
      invoke: {
        id: 'one',
        src: 'work',
        onDone: {
          target: 'second',
          actions: assign({ did: ({ context, event }) => [...context.did, event.output] }),
        },
      },
    },
    second: {
      invoke: {
        id: 'two',
        src: 'work',
        onDone: {
          target: 'done',
          actions: assign({ did: ({ context, event }) => [...context.did, event.output] }),
        },
      },
    },
    done: { type: 'final' },
  },
  output: ({ context }) => ({ did: context.did }),
});

/** Asks twice under one id, with little time for each; its output is what it was told. */
export const approver = setup({
  types: {
    events: {} as { readonly type: 'SKIP' },
    context: {} as { readonly said: readonly string[] },
    output: {} as { readonly said: readonly string[] },
  },
  actors: { ...catalogue },
  actions: {
    say: assign({
      said: ({ context }, { what }: { readonly what: string }) => [...context.said, what],
    }),
  },
  guards: { enough: ({ context }) => context.said.length >= 2 },
  delays: { patience: 60 },
}).createMachine({
  id: 'approver',
  context: { said: [] },
  initial: 'choosing',
  states: {
    choosing: { always: [{ guard: 'enough', target: 'done' }, { target: 'asking' }] },
    asking: {
      invoke: {
        id: 'approve',
        src: 'ask',
        input: ({ context }) => ({ question: 'Go on?', timeoutMs: 40 + context.said.length * 50 }),
        onDone: {
          target: 'choosing',
          actions: {
            type: 'say',
            params: ({ event }) => ({ what: String(event.output.answer) }),
          },
        },
        onError: { target: 'choosing', actions: { type: 'say', params: { what: 'late' } } },
      },
      after: {
        patience: { target: 'choosing', actions: { type: 'say', params: { what: 'after' } } },
      },
      on: { SKIP: { target: 'choosing', actions: { type: 'say', params: { what: 'skip' } } } },
    },
    done: { type: 'final' },
  },
  output: ({ context }) => ({ said: context.said }),
});

type Throwing = { readonly context: { readonly place: string; readonly heard: string } };
const is =
  (...places: readonly string[]) =>
  ({ context }: Throwing): boolean =>
    places.includes(context.place);
const isAt = (place: ThrowingPlace, { context }: Throwing): void => {
  if (context.place === place) throwOddly(place);
};
const hearing = { onDone: 'done', onError: { target: 'done', actions: 'hear' } } as const;

/** Throws at the place that its input names, or nowhere; its output is the code that it heard, if any. */
export const thrower = setup({
  types: {
    input: {} as { readonly place: string },
    context: {} as { place: string; heard: string },
    output: {} as { readonly heard: string },
  },
  actors: {
    ...catalogue,
    task: task<string, { readonly place: string }>(({ input: { place } }) => {
      if (place === 'task') throwOddly('task');
      return place === 'rejecting task' ? rejectOddly('rejecting task') : Promise.resolve('done');
    }),
  },
  actions: {
    hear: assign({
      heard: ({ event }) => (event as { readonly failure?: Failure }).failure?.code ?? 'nothing',
    }),
  },
  delays: { odd: () => throwOddly('delay') },
}).createMachine({
  id: 'thrower',
  context: ({ input: { place } }) => {
    if (place === 'context') throwOddly('context');
    return { place, heard: 'nothing' };
  },
  initial: 'choosing',
  states: {
    choosing: {
      after: {
        1: [
          { guard: is('delay'), target: 'delaying' },
          { guard: is('provider', 'odd answer'), target: 'calling' },
          { guard: is('task', 'rejecting task', 'input', 'nowhere'), target: 'working' },
          { target: 'computing' },
        ],
      },
    },
    delaying: { after: { odd: 'done' } },
    calling: {
      invoke: {
        id: 'call',
        src: 'generate',
        input: ({ context }) => ({ prompt: context.place }),
        ...hearing,
      },
    },
    working: {
      invoke: {
        id: 'work',
        src: 'task',
        input: (args) => {
          isAt('input', args);
          return { place: args.context.place };
        },
        ...hearing,
      },
    },
    computing: {
      entry: [
        assign((args) => {
          isAt('assign', args);
          return {};
        }),
        enqueueActions((args) => isAt('enqueueActions', args)),
        (args) => isAt('action', args),
      ],
      always: [
        {
          guard: ((args: Throwing) => {
            isAt('guard', args);
            return args.context.place === 'async guard' && rejectOddly('async guard');
          }) as never,
          target: 'done',
        },
        { target: 'done' },
      ],
    },
    done: { type: 'final' },
  },
  output: (args) => {
    isAt('output', args);
    return { heard: args.context.heard };
  },
});
