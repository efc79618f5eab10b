/** What registration refuses, each by name, place and mend; and what it only warns of. */
import { describe, expect, it } from 'vitest';
import {
  and,
  assign,
  createMachine,
  fromCallback,
  fromObservable,
  fromPromise,
  fromTransition,
  raise,
  sendTo,
  setup,
  spawnChild,
} from 'xstate';
import { HeddleError } from '../../src/domain/errors.ts';
import { catalogue } from '../../src/kernel/catalogue.ts';
import { kernel } from './driver.ts';

const work = fromPromise(() => Promise.resolve(1));
const actors = { ...catalogue, work };

/** A chart from a config that the types may forbid: registration is for what got round them. */
function chart(config: object, implementations: object = {}): unknown {
  const whole = { id: 'editor', initial: 'working', states: { working: {} }, ...config };
  return createMachine(whole as never, { actors, ...implementations });
}

function refusalsOf(machine: unknown): string[] {
  try {
    kernel.register(machine);
  } catch (error) {
    expect(error).toBeInstanceOf(HeddleError);
    expect(error).toMatchObject({ code: 'agent-refused', status: 422, retryable: false });
    return (error as HeddleError).message.split('\n').slice(1);
  }
  return [];
}

const inState = (state: object): unknown =>
  chart({ states: { working: { initial: 'drafting', states: { drafting: state } } } });

describe('registration refuses', () => {
  const callback = fromCallback(() => undefined);
  const observable = fromObservable(() => ({ subscribe: () => ({ unsubscribe: () => {} }) }));
  const reducer = fromTransition((state: object) => state, {});

  const cases: readonly (readonly [string, unknown, string])[] = [
    [
      'a chart without an id',
      chart({ id: undefined }),
      '(machine): the chart has no id; give it one: createMachine({ id: "…" }), which is the agent\'s name.',
    ],
    [
      'a chart whose id is too long',
      chart({ id: 'x'.repeat(300) }),
      'the id of the chart is longer than 256 characters; choose another.',
    ],
    [
      'an invoke whose id is no text',
      inState({ invoke: { id: 5, src: 'work' } }),
      'editor.working.drafting: the id of invoke "5" is no text; choose another.',
    ],
    [
      'an invoke without an id in a state whose own is too long',
      inState({ id: 'x'.repeat(255), invoke: { src: 'work' } }),
      'is longer than 256 characters; choose another.',
    ],
    [
      'an invoke of nobody',
      inState({ invoke: { id: 'w', src: 'nobody' } }),
      'editor.working.drafting: invoke "w" starts "nobody", which is no actor of the chart; add it to setup({ actors }).',
    ],
    [
      'an invoke with a systemId',
      inState({ invoke: { id: 'w', src: 'work', systemId: 's' } }),
      'editor.working.drafting: invoke "w" has a systemId; send to the child by its id instead.',
    ],
    [
      'an invoke with onSnapshot',
      inState({ invoke: { id: 'w', src: 'work', onSnapshot: {} } }),
      'editor.working.drafting: invoke "w" wants the snapshots of its child; let the child send what you need.',
    ],
    [
      'an invoke whose id no child can have',
      inState({ invoke: { id: '__proto__', src: 'work' } }),
      'editor.working.drafting: the id of invoke "__proto__" is not allowed; choose another.',
    ],
    [
      'an invoke whose input JSON would lose',
      inState({ invoke: { id: 'w', src: 'work', input: { at: new Map() } } }),
      'editor.working.drafting: the input of invoke "w".at: a Map does not survive JSON; use plain objects, arrays and scalars; keep plain JSON there.',
    ],
    [
      'two invokes of one id that run at once',
      chart({
        type: 'parallel',
        initial: undefined,
        states: {
          one: { invoke: { id: 'w', src: 'work' } },
          two: { initial: 'a', states: { a: { invoke: { id: 'w', src: 'work' } }, b: {} } },
        },
      }),
      'editor.two.a: invoke "w" can run at once with that of editor.one; give one of them another id.',
    ],
    ...[callback, observable, reducer].map((logic, i): readonly [string, unknown, string] => [
      ['callback', 'observable', 'transition'][i] + ' logic',
      chart({ invoke: { id: 'x', src: 'x' } }, { actors: { x: logic } }),
      'editor: invoke "x" starts "x": callback, observable and transition logic lose their state in a restart; use an actor of the catalogue, promise logic, or another chart.',
    ]),
    [
      'spawnChild without an id',
      inState({ entry: spawnChild('work') }),
      'editor.working.drafting entry: spawnChild has no id; give it one: { id: "…" }.',
    ],
    ...[callback, observable, reducer].map((logic, i): readonly [string, unknown, string] => [
      ['callback', 'observable', 'transition'][i] + ' logic in its place',
      inState({ invoke: { src: logic } }),
      'editor.working.drafting: invoke "0.editor.working.drafting" starts inline logic: callback, observable and transition logic lose their state in a restart; use an actor of the catalogue, promise logic, or another chart.',
    ]),
    [
      'spawnChild of inline logic that is no promise',
      inState({ on: { GO: { actions: spawnChild(callback, { id: 'w' }) } } }),
      'editor.working.drafting on GO: spawnChild starts inline logic: callback, observable and transition logic lose their state in a restart; use an actor of the catalogue, promise logic, or another chart.',
    ],
    [
      'spawnChild with syncSnapshot',
      inState({ exit: spawnChild('work', { id: 'w', syncSnapshot: true }) }),
      'editor.working.drafting exit: spawnChild wants the snapshots of its child; let the child send what you need.',
    ],
    [
      'spawnChild with a systemId',
      inState({ exit: spawnChild('work', { id: 'w', systemId: 's' }) }),
      'editor.working.drafting exit: spawnChild has a systemId; send to the child by its id instead.',
    ],
    [
      'spawn in an assign, by its parameter',
      inState({ on: { GO: { actions: assign(({ spawn }) => ({ ref: spawn('work') })) } } }),
      'editor.working.drafting on GO: assign spawns an actor, which no restart would find again; use spawnChild with an id, or invoke.',
    ],
    [
      'spawn in an assign of one property, by its call',
      inState({ always: { actions: assign({ ref: (args) => args.spawn('work') }) } }),
      'editor.working.drafting always: assign spawns an actor, which no restart would find again; use spawnChild with an id, or invoke.',
    ],
    [
      'spawn in the context',
      chart({
        context: ({ spawn }: { spawn: (src: string) => unknown }) => ({ ref: spawn('work') }),
      }),
      'editor: context spawns an actor, which no restart would find again; invoke the actor at the root of the chart.',
    ],
    ...[3.2e11, Infinity, -Infinity, -1].flatMap(
      (ms): readonly (readonly [string, unknown, string])[] => [
        [
          `a delay of ${ms} ms in after`,
          inState({ after: { [ms]: {} } }),
          `editor.working.drafting after: the delay is ${ms} ms; give 0 to 315360000000 ms, which are ten years.`,
        ],
        [
          `a delay of ${ms} ms in a raise`,
          inState({ entry: raise({ type: 'X' }, { id: 'x', delay: ms }) }),
          `editor.working.drafting entry: the delay is ${ms} ms; give 0 to`,
        ],
        [
          `a named delay of ${ms} ms`,
          chart({}, { delays: { long: ms } }),
          `editor delay "long": it is ${ms} ms; give 0 to`,
        ],
      ],
    ),
    [
      'a delay that is not a number, in a raise',
      inState({ exit: raise({ type: 'X' }, { id: 'x', delay: NaN }) }),
      'editor.working.drafting exit: the delay is NaN ms; give 0 to',
    ],
    [
      'a delay that is not a number, named',
      chart({}, { delays: { long: NaN } }),
      'editor delay "long": it is NaN ms; give 0 to',
    ],
    [
      'a named delay that is neither',
      chart({}, { delays: { long: '5s' } }),
      'editor delay "long": it is neither a number nor a function; give milliseconds.',
    ],
    [
      'an initial state that is not there',
      chart({ initial: 'nowhere' }),
      'editor: initial is "nowhere", no state of it; choose one of working.',
    ],
    [
      'an initial state further in that is not there',
      inState({ initial: { target: 'nowhere' }, states: { a: {}, b: {} } }),
      'editor.working.drafting: initial is "nowhere", no state of it; choose one of a, b.',
    ],
    [
      'an initial state that only every object has',
      inState({ initial: 'constructor', states: { a: {} } }),
      'editor.working.drafting: initial is "constructor", no state of it; choose one of a.',
    ],
    ...[0, -1, NaN].map((max): readonly [string, unknown, string] => [
      `${max} microsteps at most`,
      chart({ options: { maxIterations: max } }),
      `editor: options.maxIterations is ${max}; give a number from 1 to 100000.`,
    ]),
    [
      'an action that is not there',
      chart({
        states: { working: { initial: { target: 'a', actions: 'nothing' }, states: { a: {} } } },
      }),
      'editor.working initial: no action is called "nothing"; add it to setup({ actions }).',
    ],
    [
      "an action with one of XState's names",
      chart({}, { actions: { 'xstate.raise': () => undefined } }),
      'editor action "xstate.raise": names beginning with "xstate." are XState\'s own; rename it.',
    ],
    [
      'a named action that spawns',
      chart({}, { actions: { hire: assign(({ spawn }) => ({ ref: spawn('work') })) } }),
      'editor action "hire": assign spawns an actor, which no restart would find again; use spawnChild with an id, or invoke.',
    ],
    [
      'a guard that is not there',
      inState({ on: { GO: { guard: and(['nothing' as never]) } } }),
      'editor.working.drafting on GO: no guard is called "nothing"; add it to setup({ guards }).',
    ],
    [
      'a delay that is not there, in after',
      inState({ after: { soon: 'drafting' } }),
      'editor.working.drafting after: no delay is called "soon"; add it to setup({ delays }).',
    ],
    [
      'a delay that is not there, in a delayed event',
      inState({ entry: sendTo(({ self }) => self, { type: 'X' }, { delay: 'soon' as never }) }),
      'editor.working.drafting entry: no delay is called "soon"; add it to setup({ delays }).',
    ],
    [
      'a context that JSON would lose',
      chart({ context: { seen: new Map(), error: undefined } }),
      'editor: context.seen: a Map does not survive JSON; use plain objects, arrays and scalars; keep plain JSON there.',
    ],
  ];

  it.each(cases)('%s', (_, machine, refusal) => {
    expect(refusalsOf(machine)).toEqual([expect.stringContaining(refusal)]);
  });

  it('everything at once, with the name of the agent', () => {
    const machine = chart({
      context: { at: new Date(Number.NaN) },
      entry: 'nothing',
      invoke: [{ src: 'work' }, { id: 'x', src: 'nobody' }],
    });
    expect(refusalsOf(machine)).toHaveLength(3);
    expect(() => kernel.register(machine)).toThrow(
      'Agent editor cannot be durable. \n- editor: context.at',
    );
  });

  it.each([null, undefined, {}, 'editor', work])('what is no chart: %s', (machine) => {
    expect(() => kernel.register(machine)).toThrow('It is not a chart');
  });

  it('a version that is no name', () => {
    expect(() => kernel.register(chart({}), { version: '' })).toThrow('version must be a text');
  });
});

describe('registration allows', () => {
  it("XState's own actions inline, guards and inputs inline, other words for spawn", () => {
    const machine = inState({
      entry: [
        raise({ type: 'X' }, { id: 'x', delay: 5 }),
        assign({ text: () => 'the salmon spawn (in autumn)' }),
        assign(({ context }) => ({ spawned: context['spawn'] })),
      ],
      invoke: { id: 'w', src: 'work', input: () => ({ at: 1 }), onError: 'drafting' },
      on: { GO: { guard: () => true } },
    });
    expect(refusalsOf(machine)).toEqual([]);
  });

  it('one invoke id in states that follow each other', () => {
    const state = { invoke: { id: 'w', src: 'work' } };
    expect(refusalsOf(chart({ states: { working: state, done: state } }))).toEqual([]);
  });

  it('with a warning: numeric delays, wildcards; with advice: invokes without onError', () => {
    const machine = chart({
      states: {
        working: {
          invoke: { id: 'w', src: 'work' },
          after: { 5: 'working' },
          entry: raise({ type: 'X' }, { id: 'x', delay: 7 }),
          on: { '*': 'working' },
        },
      },
    });
    const { warnings, advice } = kernel.register(machine);
    expect(warnings).toEqual([
      'editor.working entry: the delay 7 stands in the chart as a number; a named one can change with a version.',
      'editor.working after: the delay 5 stands in the chart as a number; a named one can change with a version.',
      'editor.working: "*" also swallows the errors of actors that have no onError.',
    ]);
    expect(advice).toEqual([
      'editor.working: invoke "w" has no onError: its failure ends the run.',
    ]);
  });

  it('with a warning: what is named by its place, or stands in it', () => {
    const machine = chart({
      states: {
        working: {
          invoke: { src: work, onError: {} },
          entry: [() => undefined, spawnChild(work, { id: 'w' })],
        },
      },
      options: { maxIterations: 1e9 },
    });
    expect(kernel.register(machine).warnings).toEqual([
      'editor: options.maxIterations counts as 100000, the most there is.',
      'editor.working entry: an inline function as an action runs after the commit, at most once: what must happen is a task.',
      'editor.working entry: spawnChild has inline logic, which is named by its place: a key of setup({ actors }) lasts.',
      'editor.working: invoke "0.editor.working" has no id and is named by its place: give it one that lasts.',
      'editor.working: invoke "0.editor.working" has inline logic, which is named by its place: a key of setup({ actors }) lasts.',
    ]);
  });

  it('a chart of setup, with everything named, without a word', () => {
    const machine = setup({ actors, delays: { soon: 5 } }).createMachine({
      id: 'quiet',
      initial: 'a',
      states: {
        a: { invoke: { id: 'w', src: 'work', onError: 'b' }, after: { soon: 'b' } },
        b: { type: 'final' },
      },
    });
    expect(kernel.register(machine).warnings).toEqual([]);
  });
});
