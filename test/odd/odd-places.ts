/**
 * Agents in each of which one place of an author's does what the run's input says: throws an odd value,
 * rejects with it, rejects with it when the place has long been left, or gives it. Each comes to an end
 * by itself, whatever its place does.
 */
import {
  and,
  assign,
  cancel,
  emit,
  enqueueActions,
  fromPromise,
  log,
  raise,
  sendTo,
  setup,
  spawnChild,
  type AnyStateMachine,
} from 'xstate';
import { catalogue, task, tool, toolLoop, type Provider } from '../../src/index.ts';
import { oddValue, thenable } from '../support/odd-values.ts';

/** Beside those of `oddValue`. */
const ownKinds: Readonly<Record<string, () => unknown>> = {
  'a long text': () => 'x'.repeat(200_000),
  'a then that throws': () =>
    thenable(() => {
      throw oddValue('an object without prototype');
    }),
  'a promise that rejects, twice and late': () =>
    thenable((_, reject) => {
      for (const ms of [5, 10]) setTimeout(() => reject(oddValue('a symbol')), ms);
    }),
};

export const kinds = [
  'an object without prototype',
  'a symbol',
  'a message getter that throws',
  'a revoked proxy',
  'a proxy that throws on everything',
  'undefined',
  'null',
  'a function',
  'a cause that is itself',
  'no number',
  'a bigint',
  'a toJSON that throws',
  ...Object.keys(ownKinds),
];

type Odd = { readonly place: string; readonly kind: string; readonly way: string };

const valueOf = (kind: string): unknown => (ownKinds[kind] ?? (() => oddValue(kind)))();

/** How a place can fail its caller. */
const acts: Readonly<Record<string, (kind: string) => unknown>> = {
  throws: (kind) => {
    throw valueOf(kind);
  },
  'rejects with': async (kind) => {
    // Not at once: a function that is async has returned by then.
    await Promise.resolve();
    throw valueOf(kind);
  },
  'rejects late with': async (kind) => {
    await new Promise((resolve) => setTimeout(resolve, 60));
    throw valueOf(kind);
  },
  gives: valueOf,
  'gives, further inside,': (kind) => ({ inside: [{ odd: valueOf(kind) }] }),
};
export const ways = Object.keys(acts);

/** How often each place was asked. */
export const asked = new Map<string, number>();

function act(odd: unknown): never {
  const { place, kind, way } = odd as Odd;
  asked.set(place, (asked.get(place) ?? 0) + 1);
  return acts[way]?.(kind) as never;
}

type At = { readonly context: { readonly odd: Odd } };
const inContext = (args: unknown): never => act((args as At).context.odd);
const never = () => new Promise<never>(() => undefined);

const parts = setup({
  types: {},
  actors: {
    ...catalogue,
    task: task(({ input }: { readonly input: Odd }) => act(input)),
    again: task(({ input }: { readonly input: Odd }) => act(input), { attempts: 2, backoffMs: 1 }),
    plain: fromPromise<unknown, Odd>(({ input }) => act(input)),
    signal: task(({ input, signal }) => {
      signal.addEventListener('abort', () => act(input));
      return never();
    }),
  },
  actions: { named: inContext },
  guards: { named: inContext },
  delays: { named: inContext },
});

const over = { over: { type: 'final' } } as const;

/** What stands in the state `go` of the agent of that place; it is left for `over` at the latest after `leftAfterMs`. */
const inState: Readonly<Record<string, object>> = {
  'a guard': { always: { guard: inContext, target: 'over' } },
  'a named guard': { always: { guard: 'named', target: 'over' } },
  'a guard within another': { always: { guard: and(['named', inContext]), target: 'over' } },
  'a guard on an event': {
    entry: raise({ type: 'GO' }),
    on: { GO: { guard: inContext, target: 'over' } },
  },
  'params of a guard': { always: { guard: { type: 'named', params: inContext }, target: 'over' } },
  'a named delay': { after: { named: 'over' } },
  'a delay of raise': { entry: raise({ type: 'GO' }, { delay: inContext }), on: { GO: 'over' } },
  'an assign': { entry: assign(inContext) },
  'an assigned key': { entry: assign({ n: inContext }) },
  'an assigned key that is replaced': { entry: [assign({ n: inContext }), assign({ n: 1 })] },
  'a named action': { entry: 'named' },
  'an inline action': { entry: inContext },
  'params of an action': { entry: { type: 'named', params: inContext } },
  'a callback of enqueueActions': { entry: enqueueActions(inContext) },
  'an enqueued assign': { entry: enqueueActions(({ enqueue }) => enqueue.assign(inContext)) },
  'an enqueued action': { entry: enqueueActions(({ enqueue }) => enqueue(inContext)) },
  'a guard of enqueueActions': { entry: enqueueActions(({ check }) => void check(inContext)) },
  'a raised event': { entry: raise(inContext) },
  'a sent event': { entry: sendTo(({ self }) => self, inContext) },
  'a target of sendTo': { entry: sendTo(inContext, { type: 'GO' } as never) },
  'an emitted event': { entry: emit(inContext) },
  'an id of cancel': { entry: cancel(inContext) },
  'an input of a child': { entry: spawnChild('task', { id: 'w', input: inContext }) },
  'an input': { invoke: { id: 'w', src: 'task', input: inContext, onError: 'over' } },
};
const invoked: readonly string[] = ['task', 'again', 'plain', 'signal'];
const prompted = ['a provider', "a provider's texts"];

const invoking = (src: string, onError?: string, leftAfterMs?: number): object => ({
  invoke: { id: 'w', src, input: ({ context }: At) => context.odd, onDone: 'over', onError },
  ...(leftAfterMs === undefined ? {} : { after: { [leftAfterMs]: 'over' } }),
});
for (const src of invoked) {
  Object.assign(inState, {
    [`${src}, heard`]: invoking(src, 'over'),
    [`${src}, not heard`]: invoking(src),
    [`${src}, left`]: invoking(src, 'over', 5),
  });
}
for (const place of prompted) {
  Object.assign(inState, {
    [place]: {
      invoke: {
        id: 'w',
        src: 'generate',
        input: ({ context }: At) => ({ prompt: JSON.stringify(context.odd) }),
        onDone: 'over',
        onError: 'over',
      },
    },
  });
}

function agent(place: string, go: object, beside: object = {}): AnyStateMachine {
  return parts.createMachine({
    id: place,
    context: ({ input }: { readonly input: Odd }) => ({ odd: input, n: 0 }),
    initial: 'go',
    after: { [leftAfterMs(place)]: '.over' },
    states: { go, ...over },
    ...beside,
  } as never) as unknown as AnyStateMachine;
}

/** A provider that hears odd texts always answers, and must have been called, however slow the machine is. */
function leftAfterMs(place: string): number {
  return place === "a provider's texts" ? 30_000 : 200;
}

const schema = (validate: (value: unknown) => unknown) =>
  ({ '~standard': { version: 1, vendor: 'odd', validate } }) as never;

const loops: readonly AnyStateMachine[] = [
  toolLoop({
    id: 'a schema',
    tools: {
      odd: tool({ description: '.', schema: schema(act), inputSchema: {}, run: never }),
    },
  }),
  toolLoop({
    id: 'a tool',
    tools: {
      odd: tool({
        description: '.',
        schema: schema((value) => ({ value })),
        inputSchema: {},
        run: ({ input }) => act(input),
      }),
    },
  }),
  toolLoop<Odd>({ id: 'a prompt', prompt: ({ input }) => act(input) }),
];

const thrower = agent('an assign', inState['an assign'] ?? {});

export const agents: readonly AnyStateMachine[] = [
  ...Object.entries(inState)
    .filter(([place]) => place !== thrower.id)
    .map(([place, go]) => agent(place, go)),
  thrower,
  agent(
    'a context',
    { always: 'over' },
    { context: ({ input }: { readonly input: Odd }) => act(input) },
  ),
  agent('an output', { always: 'over' }, { output: inContext }),
  agent('an output of a state', {
    initial: 'in',
    states: { in: { type: 'final', output: inContext } },
    onDone: { target: 'over', actions: assign({ n: 2 }) },
  }),
  agent('a line of the log', { entry: log(inContext) }),
  setup({ actors: { child: thrower } }).createMachine({
    id: 'a child',
    context: ({ input }) => ({ odd: input as Odd }),
    initial: 'go',
    states: {
      go: {
        invoke: {
          id: 'child',
          src: 'child',
          input: ({ context }: At) => context.odd,
          onDone: 'over',
          onError: 'over',
        },
      },
      ...over,
    },
  }),
  ...loops,
];

const usage = { inputTokens: 1, outputTokens: 1 };
const answer = { text: '', toolCalls: [], stopReason: 'end', usage, provider: 'odd', model: 'm' };

/** Does what the prompt says; of a tool loop it calls the tool with that. */
export const provider: Provider = {
  name: 'odd',
  ceiling: 100,
  call: (call): never => {
    const { prompt, messages = [] } = call.input;
    const first = messages[0];
    const said = prompt ?? (first?.role === 'user' ? String(first.content) : '');
    const odd = JSON.parse(said) as Odd;
    if (odd.place === 'a provider') return act(odd);
    if (odd.place === "a provider's texts") {
      asked.set(odd.place, (asked.get(odd.place) ?? 0) + 1);
      call.signal.addEventListener('abort', () => act(odd));
      call.onText?.(valueOf(odd.kind) as never);
      return Promise.resolve(answer) as never;
    }
    const calls = messages.length > 1 ? [] : [{ id: '1', name: 'odd', input: odd }];
    const stopReason = calls.length > 0 ? 'tool-calls' : 'end';
    return Promise.resolve({ ...answer, toolCalls: calls, stopReason }) as never;
  },
  close: () => acts['rejects with']?.('an object without prototype') as never,
};

/** One start for each place, way and odd value. */
export const starts = agents.flatMap(({ id }) =>
  ways.flatMap((way) =>
    kinds.map((kind) => {
      const odd: Odd = { place: id, kind, way };
      const isLoop = id === 'a schema' || id === 'a tool';
      return { agent: id, input: isLoop ? { prompt: JSON.stringify(odd) } : odd };
    }),
  ),
);
