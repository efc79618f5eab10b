/** The default version, which is a hash of the chart's structure; its build; and its definition for people. */
import { describe, expect, it } from 'vitest';
import {
  and,
  assign,
  cancel,
  fromPromise,
  not,
  or,
  raise,
  sendTo,
  setup,
  spawnChild,
  type AnyStateMachine,
} from 'xstate';
import { catalogue } from '../../src/kernel/catalogue.ts';
import { kernel } from './driver.ts';

const big = ({ context }: { context: Record<string, unknown> }): boolean => context['n'] === 3;
const work = fromPromise(() => Promise.resolve(1));
const fin = { type: 'final' };
const kid = (id: string): AnyStateMachine => setup({}).createMachine({ id });

function renamed(): boolean {
  return Date.now() > 1;
}

const always = (): boolean => true;
const go = { guard: 'big', target: 'second', actions: ['note', assign({ n: 1 })] };
const deep = { type: 'history', history: 'deep' };

/** The parts of the base chart's first state. */
const parts = {
  invoke: { id: 'call', src: 'generate', input: { prompt: 'hi' }, onDone: 'second' },
  entry: { note: 'note', raised: 'GO', id: 'go', delay: 50, cancels: 'go' } as Entry,
  on: { GO: [go, { target: 'third' }] as object[], BOTH: and(['big', 'small']) as unknown },
  after: { 1000: 'second', soon: { target: 'third', guard: always } } as object,
};
type Entry = {
  readonly note: unknown;
  readonly raised: string;
  readonly id: string;
  readonly delay: number;
  readonly cancels: string;
};

/** What is given stands in the place of what the base chart has there. */
type Edits = {
  readonly root?: object;
  readonly first?: object;
  readonly second?: object;
  readonly third?: object;
  readonly states?: object;
  readonly invoke?: object;
  readonly entry?: Partial<Entry>;
  readonly on?: Partial<typeof parts.on>;
  readonly after?: object;
  readonly guards?: object;
  readonly actions?: object;
  readonly delays?: object;
  readonly actors?: object;
};

function chart(edits: Edits = {}): AnyStateMachine {
  const entry = { ...parts.entry, ...edits.entry };
  const on = { ...parts.on, ...edits.on };
  return setup({
    actors: { ...catalogue, work, kid: kid('kid'), ...edits.actors },
    guards: { big, small: not('big'), ...edits.guards },
    actions: {
      note: () => undefined,
      later: raise({ type: 'LATER' }, { id: 'later', delay: 100 }),
      count: assign({ n: 1 }),
      ...edits.actions,
    },
    delays: { soon: 5, late: 9, ...edits.delays },
  }).createMachine({
    id: 'counts',
    context: { n: 0 },
    initial: 'first',
    states: {
      first: {
        invoke: { ...parts.invoke, ...edits.invoke },
        entry: [
          entry.note,
          'later',
          'count',
          raise({ type: entry.raised }, { id: entry.id, delay: entry.delay }),
          sendTo('call', { type: 'X' }, { id: 'x', delay: 'soon' } as never),
          cancel(entry.cancels),
        ],
        on: { GO: on.GO, BOTH: { guard: on.BOTH, target: 'second' } },
        after: { ...parts.after, ...edits.after },
        always: { guard: 'small', target: 'second' },
        ...edits.first,
      },
      second: {
        initial: 'x',
        states: { x: {}, y: { type: 'final' }, back: deep },
        entry: spawnChild('work' as never, { id: 'side' }),
        onDone: 'third',
        ...edits.second,
      },
      third: { type: 'final', ...edits.third },
      ...edits.states,
    },
    output: { ended: true },
    ...edits.root,
  } as never) as unknown as AnyStateMachine;
}

const agentOf = (machine: unknown) => kernel.register(machine);
const base = agentOf(chart());

describe('the version', () => {
  it('is a hash that stays the same', () => {
    expect(base.version).toMatch(/^[0-9a-f]{16}$/);
    expect(agentOf(chart()).version).toBe(base.version);
    expect(base).toMatchObject({
      structure: base.version,
      build: `${base.version}.${base.formerVersion}`,
    });
  });

  it('can be given, beside structure and build', () => {
    const given = kernel.register(chart(), { version: '2' });
    expect(given).toMatchObject({ version: '2', structure: base.version, build: base.build });
  });

  it('is known by the name that heddle 0.1.0 gave it', () => {
    const machine = setup({ guards: {} }).createMachine({
      id: 'a',
      initial: 's',
      states: { s: { on: { GO: { target: 'e' } } }, e: { type: 'final' } },
    });
    expect(agentOf(machine).formerVersion).toBe('9ae34e3e79a45ffb');
  });

  it.each<readonly [string, Edits]>([
    ['the prompt', { invoke: { input: { prompt: 'hello' } } }],
    ['an input function', { invoke: { input: () => ({ prompt: 'A' }) } }],
    ['the code of a named guard', { guards: { big: () => 1 + 1 === 2 } }],
    ['the code of a named action', { actions: { note: () => console.log('noted') } }],
    ['a named assign', { actions: { count: assign({ n: 2 }) } }],
    [
      'an inline assign',
      { on: { GO: [{ ...go, actions: ['note', assign({ n: () => 2 })] }, {}] } },
    ],
    ['an inline guard', { after: { soon: { target: 'third', guard: () => Date.now() > 0 } } }],
    ['what an inline guard is called', { after: { soon: { target: 'third', guard: renamed } } }],
    ['the code of a task', { actors: { work: fromPromise(() => Promise.resolve(2)) } }],
    ['an actor that it does not use', { actors: { more: work } }],
    ['a guard that it does not use', { guards: { more: big } }],
    ['the value of a named delay', { delays: { soon: 6 } }],
    ['a named delay that is computed', { delays: { soon: () => 7 } }],
    ['params of a guard', { on: { GO: [{ ...go, guard: { type: 'big', params: 1 } }, {}] } }],
    ['params of an action', { entry: { note: { type: 'note', params: { n: 1 } } } }],
    ['meta', { first: { meta: { a: 1 } } }],
    ['a description', { first: { description: 'words' }, root: { description: 'more' } }],
    ['words on a transition', { on: { GO: [{ ...go, meta: { a: 1 }, description: 'x' }, {}] } }],
    ['context', { root: { context: { n: 5, more: [] } } }],
    ['a context function', { root: { context: () => ({ n: 5 }) } }],
    ['the output', { root: { output: () => 1 } }],
    ['the output of a state', { third: { output: 1 } }],
    ['a tag', { first: { tags: 'busy' } }],
    ['the event that is raised', { entry: { raised: 'OTHER' } }],
    ['a target written in full', { on: { GO: [{ ...go, target: '#counts.second' }, {}] } }],
    ['a lone candidate in a list', { second: { onDone: [{ target: 'third' }] } }],
  ])('does not change with %s', (_, { on, ...edits }) => {
    // The second candidate of `GO` stands as it does in the base chart.
    const given = on?.GO === undefined ? on : { ...on, GO: [on.GO[0] as object, parts.on.GO[1]!] };
    const edited = agentOf(chart({ ...edits, ...(given && { on: given }) }));
    expect(edited.version).toBe(base.version);
  });

  it.each<readonly [string, Edits]>([
    ['a state more', { states: { fourth: {} } }],
    ['states in another order', { second: { states: { y: fin, x: {}, back: deep } } }],
    ['the type of a state', { third: { type: undefined } }],
    ['a state inside a state', { third: { type: undefined, initial: 'i', states: { i: {} } } }],
    ["a state's id", { third: { id: 'end' } }],
    ['states in parallel', { second: { type: 'parallel', initial: undefined } }],
    ['the initial state', { root: { initial: 'third' } }],
    ['an inner initial state', { second: { initial: 'y' } }],
    ['the kind of a history', { second: { states: { x: {}, y: fin, back: { type: 'history' } } } }],
    ['its target', { second: { states: { x: {}, y: fin, back: { ...deep, target: 'y' } } } }],
    ['an event', { first: { on: { GO: parts.on.GO, MORE: 'third' } } }],
    ['a target', { on: { GO: [{ ...go, target: 'third' }, { target: 'third' }] } }],
    ['no target', { on: { GO: [{ ...go, target: undefined }, { target: 'third' }] } }],
    ['reenter', { on: { GO: [{ ...go, reenter: true }, { target: 'third' }] } }],
    ['the order of candidates', { on: { GO: [{ target: 'third' }, go] } }],
    ['a candidate less', { on: { GO: [go] } }],
    ['the name of a guard', { on: { GO: [{ ...go, guard: 'small' }, { target: 'third' }] } }],
    ['an inline guard', { on: { GO: [{ ...go, guard: always }, { target: 'third' }] } }],
    ['no guard', { on: { GO: [{ ...go, guard: undefined }, { target: 'third' }] } }],
    ['a guard less in a combination', { on: { BOTH: and(['big']) } }],
    ['or in the place of and', { on: { BOTH: or(['big', 'small']) } }],
    ['not', { on: { BOTH: and(['big', not('small')]) } }],
    ['the name of an action', { entry: { note: 'count' } }],
    ['an inline action', { entry: { note: assign({ n: 3 }) } }],
    ['an exit action', { first: { exit: 'note' } }],
    ['no entry action', { second: { entry: [] } }],
    ['always', { first: { always: { guard: 'small', target: 'third' } } }],
    ['no always', { first: { always: undefined } }],
    ['a literal delay', { first: { after: { ...parts.after, 1000: undefined, 2000: 'second' } } }],
    ['the name of a delay', { first: { after: { 1000: 'second', late: 'third' } } }],
    ['the target of an after', { after: { soon: { target: 'second', guard: always } } }],
    ['the id of an invoke', { invoke: { id: 'other' } }],
    ['the source of an invoke', { invoke: { src: 'work' } }],
    ['what is behind a source', { actors: { generate: work } }],
    ['no onDone', { invoke: { onDone: undefined } }],
    ['an onError', { invoke: { onError: 'third' } }],
    ['an invoke more', { second: { invoke: { id: 'two', src: 'work' } } }],
    ['the id of a raise', { entry: { id: 'gone' } }],
    ['the delay of a raise', { entry: { delay: 51 } }],
    [
      'the id of a named raise',
      { actions: { later: raise({ type: 'L' }, { id: 'l', delay: 100 }) } },
    ],
    ['its delay', { actions: { later: raise({ type: 'L' }, { id: 'later', delay: 101 }) } }],
    ['the id of a cancel', { entry: { cancels: 'x' } }],
    ['the id of a spawned child', { second: { entry: spawnChild('work' as never, { id: 'b' }) } }],
    ['its source', { second: { entry: spawnChild('kid' as never, { id: 'side' }) } }],
  ])('changes with %s', (_, edits) => {
    const edited = agentOf(chart(edits));
    expect(edited.version).not.toBe(base.version);
    expect(edited.build).not.toBe(base.build);
  });

  it('changes with the chart behind a child', () => {
    const parent = (id: string) => {
      const actors = { child: kid(id) };
      const invoke = { id: 'c', src: 'child' } as const;
      return agentOf(setup({ actors }).createMachine({ id: 'p', invoke })).version;
    };
    expect(parent('other')).not.toBe(parent('kid'));
    expect(parent('kid')).toBe(parent('kid'));
  });
});

describe('the build', () => {
  it.each<readonly [string, Edits]>([
    ['a prompt', { invoke: { input: { prompt: 'hello' } } }],
    ['the code of a guard', { guards: { big: () => 1 + 1 === 2 } }],
    ['a delay', { delays: { soon: 6 } }],
    ['context', { root: { context: { n: 5 } } }],
  ])('changes with %s', (_, edits) => {
    expect(agentOf(chart(edits)).build).not.toBe(base.build);
  });

  it('does not change with the code of a task', () => {
    const mended = { actors: { work: fromPromise(() => Promise.resolve(2)) } };
    expect(agentOf(chart(mended)).build).toBe(base.build);
  });
});

describe('the definition', () => {
  it('is the config as JSON, with functions by name', () => {
    const guard = function isOpen(): boolean {
      return true;
    };
    const machine = chart({ first: { on: { X: { guard } }, meta: { at: NaN } } });
    const { definition } = agentOf(machine);
    expect(definition).toMatchObject({
      id: 'counts',
      context: { n: 0 },
      states: { first: { on: { X: { guard: { type: 'isOpen' } } }, meta: {} } },
    });
    expect(JSON.parse(JSON.stringify(definition))).toEqual(definition);
  });
});
