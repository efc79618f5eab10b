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
      'an invoke without an id',
      inState({ invoke: { src: 'work' } }),
      'editor.working.drafting: invoke has no id; give it one: a made-up id changes with the chart.',
    ],
    [
      'an invoke with inline logic',
      inState({ invoke: { id: 'w', src: work } }),
      'editor.working.drafting: invoke "w" has inline logic as its src; put it into setup({ actors }) and write its key here.',
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
    [
      'spawnChild of inline logic',
      inState({ on: { GO: { actions: spawnChild(work, { id: 'w' }) } } }),
      'editor.working.drafting on GO: spawnChild has inline logic as its src; put it into setup({ actors }) and write its key here.',
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
    [
      'an inline action',
      inState({ invoke: { id: 'w', src: 'work', onDone: { actions: () => undefined } } }),
      'editor.working.drafting onDone of "w": the inline function "actions" as an action cannot be performed after a restart; name it in setup({ actions }) and put its name here.',
    ],
    [
      'an inline action without a name',
      inState({ after: { 5: { actions: [() => undefined] } } }),
      'editor.working.drafting after: an inline function as an action cannot be performed after a restart; name it in setup({ actions }) and put its name here.',
    ],
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
    expect(refusalsOf(machine)).toHaveLength(4);
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

  it('with a warning: numeric delays, invokes without onError, wildcards', () => {
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
    expect(kernel.register(machine).warnings).toEqual([
      'editor.working entry: the delay 7 stands in the chart as a number; a named one can change with a version.',
      'editor.working after: the delay 5 stands in the chart as a number; a named one can change with a version.',
      'editor.working: "*" also swallows the errors of actors that have no onError.',
      'editor.working: invoke "w" has no onError: its failure ends the run.',
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
