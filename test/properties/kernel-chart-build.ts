/** From a chart as data to a chart of XState's, with actors that a test can complete. */
import {
  and,
  assign,
  cancel,
  emit,
  enqueueActions,
  fromPromise,
  not,
  or,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  stateIn,
  stopChild,
  type AnyStateMachine,
} from 'xstate';
import { catalogue } from '../../src/kernel/catalogue.ts';
import type {
  ActionSpec,
  DelaySpec,
  GuardSpec,
  InvokeSpec,
  StateSpec,
  TransitionSpec,
} from './kernel-chart-spec.ts';

/** What a chart does to the world, and how a test answers its actors. One of each side. */
export type World = {
  readonly acts: string[];
  readonly heard: string[];
  /** By session: a live actor lets two of one id run when a state is entered twice and left once. */
  readonly pending: Map<string, { resolve(value: unknown): void; reject(error: unknown): void }>;
};
/** Whose custom actions are being performed: XState's actions know of no test. */
export const stage: { world: World } = { world: newWorld() };

export function newWorld(): World {
  return { acts: [], heard: [], pending: new Map() };
}

export const eventTypes = ['E.a', 'E.b', 'E.c', 'F', 'G'] as const;
/** After the plain ones: two wildcards, what is raised, and what is sent to self at once. */
const descriptors = [...eventTypes, 'E.*', '*', 'R.0', 'R.1', 'P.0'] as const;

type Context = { n: number; list: readonly number[]; last?: unknown; option?: number | undefined };
type Args = { readonly context: Context; readonly event: { readonly type: string; v?: number } };

const work = fromPromise<unknown, unknown>(
  ({ self }) =>
    new Promise((resolve, reject) => {
      stage.world.pending.set(self.sessionId, { resolve, reject });
    }),
);

const kid = setup({}).createMachine({
  id: 'kid',
  context: {},
  initial: 'on',
  states: {
    on: {
      on: {
        'test.finish': { target: 'off', actions: assign({ out: ({ event }) => event['value'] }) },
        'test.fail': {
          actions: ({ event }) => {
            throw event['error'];
          },
        },
        '*': {
          actions: ({ event, self }) => void stage.world.heard.push(`${self.id} ${event.type}`),
        },
      },
    },
    off: { type: 'final' },
  },
  output: ({ context }) => (context as { out?: unknown }).out,
});

const guards = {
  named: ({ context }: Args) => context.n !== 2,
  param: ({ context }: Args, params: { least: number }) => context.n >= params.least,
};
const actions = {
  note: ({ context }: Args, params: { n: number }) =>
    void stage.world.acts.push(`note ${params.n} ${context.n}`),
  plain: ({ event }: Args) => void stage.world.acts.push(`plain ${event.type.split('.')[0]}`),
  namedAssign: assign({ n: ({ context }: Args) => (context.n + 2) % 5 }),
};
const delays = { fixed: 15, computed: ({ context }: Args) => 5 + context.n };
const implementations = { actions, guards, delays };

/** True while a chart is built in which nothing has a name but the chart and what it spawns. */
let nameless = false;

/** The chart for heddle, and the same one for a live actor. */
export function buildChart(
  spec: StateSpec,
  isNameless = false,
): { own: AnyStateMachine; live: AnyStateMachine } {
  nameless = isNameless;
  const root = hasHistory(spec) ? withoutGreetings(spec) : spec;
  const paths: string[] = [];
  const walk = (state: StateSpec, path: string): void => {
    paths.push(path);
    statesOf(state).forEach((child, i) => walk(child, `${path}.s${i}`));
  };
  walk(root, '#m');
  const own = setup({
    types: { context: {} as Context },
    actors: { work, kid, generate: catalogue.generate },
    ...(implementations as object),
  }).createMachine({
    id: 'm',
    context: { n: 0, list: [], option: undefined },
    ...(stateConfig(root, '#m', paths) as object),
    output: ({ context }: Args) => ({ n: context.n, option: context.option }),
    options: { maxIterations: 50 },
  } as never) as unknown as AnyStateMachine;
  return { own, live: own.provide({ actors: { generate: work } }) };
}

/**
 * A history state can enter a state again that was not left. Of what is invoked there a live actor
 * then has two under one id, which both hear what is sent; heddle replaces the first.
 */
function withoutGreetings(state: StateSpec): StateSpec {
  return {
    ...state,
    states: state.states.map(withoutGreetings),
    invoke: state.invoke.map((invoke) => ({ ...invoke, greets: false })),
  };
}

function hasHistory({ kind, states }: StateSpec): boolean {
  return kind === 'shallow' || kind === 'deep' || states.some(hasHistory);
}

function stateConfig(state: StateSpec, path: string, paths: readonly string[]): unknown {
  const { kind, tag } = state;
  if (kind === 'shallow' || kind === 'deep') return { type: 'history', history: kind };
  const index = paths.indexOf(path);
  const to = (one: TransitionSpec, sends: boolean): unknown => transitionConfig(one, sends, paths);
  const greetings = (word: string): unknown[] =>
    state.invoke.flatMap(({ greets }, i) =>
      greets ? [sendTo(invokeId(path, `i${index}_${i}`, i), { type: word })] : [],
    );
  const entry = actionList(state.entry, false);
  if (kind === 'final') {
    const output = state.output ? { output: ({ context }: Args) => context.n } : {};
    return { type: 'final', entry, ...output };
  }
  const states = statesOf(state);
  const children = Object.fromEntries(
    states.map((child, i) => [`s${i}`, stateConfig(child, `${path}.s${i}`, paths)]),
  );
  // A history state cannot be where a state begins.
  const starts = states.flatMap((child, i) => (/shallow|deep/.test(child.kind) ? [] : [`s${i}`]));
  const inner = kind === 'compound' && starts.length > 0;
  return {
    ...(states.length > 0 && { states: children }),
    ...(inner && { initial: starts[state.initial % starts.length] }),
    ...(kind === 'parallel' && starts.length > 0 && { type: 'parallel' }),
    ...(tag && { tags: [`tag${index % 3}`] }),
    entry: [...entry, ...greetings('HI')],
    exit: [...actionList(state.exit, false), ...greetings('BYE')],
    on: group(state.on, (one) => [descriptors[one.event] ?? 'G', to(one, one.event < 5)]),
    always: state.always.map((one) => to(one, false)),
    after: group(state.after, (one) => [delayKey(one.delay), to(one, true)]),
    invoke: state.invoke.map((one, i) => invokeConfig(one, `i${index}_${i}`, to)),
    ...(state.onDone !== null && path !== '#m' && { onDone: to(state.onDone, false) }),
  };
}

/** The inner states, unless they are nothing but history. */
function statesOf({ states }: StateSpec): readonly StateSpec[] {
  return states.every(({ kind }) => kind === 'shallow' || kind === 'deep') ? [] : states;
}

function invokeConfig(
  { src, input, onDone, onError }: InvokeSpec,
  id: string,
  to: (one: TransitionSpec, sends: boolean) => unknown,
): unknown {
  return {
    ...(!nameless && { id }),
    src: logicOf(src),
    ...(input && { input: ({ context }: Args) => ({ n: context.n, option: context.option }) }),
    ...(onDone !== null && { onDone: to(onDone, true) }),
    ...(onError !== null && { onError: to(onError, true) }),
  };
}

/** As XState names an invoke that has no id. */
function invokeId(path: string, id: string, at: number): string {
  return nameless ? `${at}.${path.slice(1)}` : id;
}

/** A live actor is given another `generate`, which it finds by its name only. */
function logicOf(src: string): unknown {
  const logics: Readonly<Record<string, unknown>> = { work, kid };
  return (nameless ? logics[src] : undefined) ?? src;
}

function group<Item>(
  items: readonly Item[],
  entryOf: (item: Item) => readonly [string | number, unknown],
): Record<string, unknown[]> {
  const groups: Record<string, unknown[]> = {};
  for (const item of items) {
    const [key, value] = entryOf(item);
    (groups[key] ??= []).push(value);
  }
  return groups;
}

function delayKey({ ms, named }: DelaySpec): string | number {
  return named === 'no' ? ms : named;
}

/**
 * `sends`: may send to self, at once or in a timer without a name. Only where no such event leads,
 * else a live actor never rests, or its timers double every millisecond.
 */
function transitionConfig(one: TransitionSpec, sends: boolean, paths: readonly string[]): unknown {
  // The root itself is no target.
  const target = one.target === null ? undefined : paths[1 + (one.target % (paths.length - 1))];
  return {
    ...(target !== undefined && { target }),
    ...guardConfig(one.guard, paths),
    actions: actionList(one.actions, sends),
    ...(one.reenter && { reenter: true }),
  };
}

const even = ({ context }: Args): boolean => context.n % 2 === 0;
const odd = ({ context }: Args): boolean => context.n % 2 === 1;
const positive = ({ context }: Args): boolean => context.n > 0;

function guardConfig(spec: GuardSpec, paths: readonly string[]): { guard?: unknown } {
  switch (spec.guard) {
    case 'none':
      return {};
    case 'even':
      return { guard: even };
    case 'odd':
      return { guard: odd };
    case 'positive':
      return { guard: positive };
    case 'named':
      return { guard: 'named' };
    case 'param':
      return { guard: { type: 'param', params: { least: 2 } } };
    case 'not':
      return { guard: not(even as never) };
    case 'and':
      return { guard: and([positive as never, 'named' as never]) };
    case 'or':
      return { guard: or([odd as never, not('named' as never)]) };
    case 'event':
      return { guard: ({ event }: Args) => (event.v ?? 0) >= spec.least };
    case 'in':
      return { guard: stateIn(paths[1 + (spec.state % (paths.length - 1))] as never) };
  }
}

function actionList(specs: readonly ActionSpec[], sends: boolean): unknown[] {
  return specs.flatMap((spec) => actionsOf(spec, sends));
}

const numbered = (event: number): { type: string; v: number } => ({
  type: eventTypes[event] as string,
  v: event,
});
const later = (id: string, { ms, named }: DelaySpec): { id: string; delay: never } => ({
  id,
  delay: (named === 'no' ? ms : named) as never,
});

/** Timers and children are cancelled first: a live actor lets two of one id go on side by side. */
function actionsOf(spec: ActionSpec, sends: boolean): unknown[] {
  switch (spec.act) {
    case 'increase':
      return [assign({ n: ({ context }: Args) => (context.n + 1) % 5 })];
    case 'keepEvent':
      return [assign({ last: ({ event }: Args) => event.v ?? event.type })];
    case 'dropOption':
      return [assign({ option: undefined })];
    case 'addOption':
      return [assign({ option: ({ context }: Args) => context.n })];
    case 'grow':
      return [assign({ list: ({ context }: Args) => [...context.list.slice(-3), context.n] })];
    case 'own':
      return [assign(({ context, self }) => ({ ...context, last: (self as { id: string }).id }))];
    case 'emit':
      return [emit(({ context }) => ({ type: 'out', n: (context as Context).n }))];
    case 'note':
      if (nameless) return [(args: Args) => actions.note(args, { n: args.context.n })];
      return [{ type: 'note', params: ({ context }: Args) => ({ n: context.n }) }];
    case 'plain':
    case 'namedAssign':
      return [nameless ? actions[spec.act] : spec.act];
    case 'enqueue':
      return [enqueue(spec.what, spec.guarded)];
    default:
      return outward(spec, sends);
  }
}

type Outward = Exclude<
  ActionSpec,
  | { act: 'increase' | 'keepEvent' | 'dropOption' | 'addOption' | 'grow' | 'own' | 'emit' }
  | { act: 'note' | 'plain' | 'namedAssign' | 'enqueue' }
>;

function outward(spec: Outward, sends: boolean): unknown[] {
  switch (spec.act) {
    case 'raise':
      return [raise({ type: `R.${spec.event % 2}` })];
    case 'raiseLater': {
      const id = `t${spec.event}`;
      return [cancel(id), raise(numbered(spec.event), later(id, spec.delay))];
    }
    case 'raiseNameless':
      return sends ? [raise({ type: 'P.0' }, { delay: later('', spec.delay).delay })] : [];
    case 'sendSelfLater': {
      const id = `s${spec.event}`;
      const self = ({ self: me }: { self: unknown }): never => me as never;
      return [cancel(id), sendTo(self, numbered(spec.event) as never, later(id, spec.delay))];
    }
    case 'cancel':
      return [cancel(`t${spec.event}`)];
    case 'sendSelf':
      return sends ? [sendTo(({ self }) => self as never, { type: 'P.0' } as never)] : [];
    case 'sendParent':
      return [sendParent({ type: `UP.${spec.event}` })];
    case 'sendParentLater': {
      const id = `p${spec.event}`;
      return [cancel(id), sendParent({ type: `UP.${spec.event}` }, later(id, spec.delay))];
    }
    case 'spawn':
      return spawning(`c${spec.child}`, spec.kid);
    case 'stop':
      return [stopChild(`c${spec.child}`)];
    case 'sendChild':
      // To one that is sure to be there: what was not started cannot be sent to, which is an error.
      return [...spawning(`c${spec.child}`, true), sendTo(`c${spec.child}`, { type: 'HI' })];
    case 'sendLost':
      return [sendTo(`c${spec.child}`, { type: 'HI' })];
    case 'sendChildLater': {
      const id = `k${spec.child}`;
      const send = sendTo(`c${spec.child}`, { type: 'HI' }, later(id, spec.delay));
      return [...spawning(`c${spec.child}`, true), cancel(id), send];
    }
  }
}

function spawning(id: string, isKid: boolean): unknown[] {
  const input = ({ context }: Args): unknown => ({ n: context.n });
  return [stopChild(id), spawnChild(logicOf(isKid ? 'kid' : 'work') as never, { id, input })];
}

/** What is enqueued while a chart runs has no place there, so inline logic is refused. */
function enqueue(specs: readonly ActionSpec[], guarded: boolean): unknown {
  const wasNameless = nameless;
  nameless = false;
  const actionsToPut = actionList(specs, false);
  nameless = wasNameless;
  return enqueueActions(({ enqueue: put, check }) => {
    if (guarded && !check('named')) return;
    for (const one of actionsToPut) put(one as never);
  });
}
