/**
 * Author's functions that give a promise where a chart needs a value: the step fails and says which
 * agent, state and place, and the promise's rejection reaches nobody. vitest fails a file in which a
 * rejection reached the process.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  and,
  assign,
  cancel,
  emit,
  enqueueActions,
  fromPromise,
  log,
  not,
  or,
  raise,
  sendTo,
  setup,
  spawnChild,
  stopChild,
} from 'xstate';
import { afterEach, describe, expect, it } from 'vitest';
import { catalogue } from '../../src/kernel/catalogue.ts';
import { oddKinds, oddValue, thenable } from '../support/odd-values.ts';
import { Driver } from './driver.ts';

afterEach(() => sleep(1));

/** Gives a promise that rejects, in the place of anything. */
const rejecting = (async () => {
  await Promise.resolve();
  throw new Error('too late');
}) as never;
const work = fromPromise(() => Promise.resolve(1));
const given = {
  actors: { ...catalogue, work },
  guards: { ask: rejecting, both: and([rejecting, () => true]) },
  delays: { slow: rejecting },
  actions: {
    keep: assign(rejecting),
    say: emit(rejecting),
    act: () => undefined,
    each: enqueueActions(rejecting),
  },
} as const;
const base = setup(given as never);

/** By place: a transition of the state `m.a` on `GO`. */
const transitions: Record<string, object> = {
  'the guard of m.a on GO': { guard: rejecting },
  'the guard "ask"': { guard: 'ask' },
  'the guard "both"': { guard: 'both' },
  'the params of the guard of m.a on GO': { guard: { type: 'ask', params: rejecting } },
  'assign in m.a on GO': { actions: assign(rejecting) },
  'assign in the action "keep"': { actions: 'keep' },
  'the event of emit in the action "say"': { actions: ['act', 'say'] },
  'the event of emit in m.a on GO': { actions: emit(rejecting) },
  'the event of raise in m.a on GO': { actions: raise(rejecting) },
  'the delay in m.a on GO': { actions: raise({ type: 'X' }, { delay: rejecting }) },
  'the delay "slow"': { actions: raise({ type: 'X' }, { delay: 'slow' as never }) },
  'the target of sendTo in m.a on GO': { actions: sendTo(rejecting, { type: 'X' } as never) },
  'the event of sendTo in m.a on GO': { actions: sendTo(({ self }) => self, rejecting) },
  'the id of cancel in m.a on GO': { actions: cancel(rejecting) },
  'the child of stopChild in m.a on GO': { actions: stopChild(rejecting) },
  'the input of spawnChild in m.a on GO': {
    actions: spawnChild('work', { id: 'w', input: rejecting }),
  },
  'the id of spawnChild in m.a on GO': { actions: spawnChild('work', { id: rejecting }) },
  'enqueueActions in m.a on GO': { actions: enqueueActions(rejecting) },
  'enqueueActions in the action "each"': { actions: 'each' },
  'assign in enqueueActions in m.a on GO': {
    actions: enqueueActions(({ enqueue }) => enqueue.assign(rejecting)),
  },
  'the event of raise in enqueueActions in m.a on GO': {
    actions: enqueueActions(({ enqueue }) => enqueue.raise(rejecting)),
  },
  'a guard of enqueueActions in m.a on GO': {
    actions: enqueueActions(({ check }) => void check(rejecting)),
  },
};
for (const [name, put] of Object.entries({ and, or, not })) {
  const guard = name === 'not' ? not(rejecting) : (put as typeof and)([rejecting]);
  transitions[`the guard of m.a on GO, within ${name}`] = { guard };
}

it.each(Object.keys(transitions))('%s', (name) => {
  const [place] = name.split(', within ');
  const run = new Driver(
    base.createMachine({
      id: 'm',
      context: { n: 0 },
      initial: 'a',
      states: { a: { on: { GO: transitions[name] as never } } },
    }),
  ).send('GO');
  expect(run.state).toMatchObject({
    status: 'error',
    value: 'a',
    context: { n: 0 },
    error: { code: 'promise-given', detail: { agent: 'm', where: 'in the state a', place } },
  });
  expect(run.effects).toEqual([]);
});

/** By place: what the machine has beside its id, where the function is called as the run begins. */
const beginnings: Record<string, object> = {
  context: { context: rejecting },
  'assign in entry of m': { entry: assign(rejecting) },
  'the guard of m.a always': {
    initial: 'a',
    states: { a: { always: { guard: rejecting, target: 'b' } }, b: {} },
  },
  'the input of invoke "w" in m': { invoke: { id: 'w', src: 'work', input: rejecting } },
  'the delay "slow"': { initial: 'a', states: { a: { after: { slow: 'b' } }, b: {} } },
  'the output of m': { initial: 'a', states: { a: { type: 'final' } }, output: rejecting },
  'the output of m.a.over': {
    initial: 'a',
    states: { a: { initial: 'over', states: { over: { type: 'final', output: rejecting } } } },
  },
  'assign in initial of m': {
    initial: { target: 'a', actions: assign(rejecting) },
    states: { a: {} },
  },
};

it.each(Object.keys(beginnings))('%s, as the run begins', (place) => {
  const run = new Driver(base.createMachine({ id: 'm', context: { n: 0 }, ...beginnings[place] }));
  const detail = { agent: 'm', where: 'at its start', place };
  expect(run.state).toMatchObject({ status: 'error', error: { code: 'promise-given', detail } });
});

it('whatever a guard rejects with', () => {
  for (const kind of oddKinds) {
    for (const ask of [
      () => Promise.reject(oddValue(kind)),
      () => thenable((_, reject) => reject(oddValue(kind))),
      () =>
        thenable(() => {
          throw oddValue(kind);
        }),
    ]) {
      const machine = base.createMachine({
        id: 'm',
        context: {},
        on: { GO: { guard: ask as never } },
      });
      expect(new Driver(machine).send('GO').state.error?.code, kind).toBe('promise-given');
    }
  }
});

describe('a promise further inside is heard, and refused where it would be kept', () => {
  const inside = (): object => ({ list: [{ soon: Promise.reject(new Error('inside')) }] });
  const one = (actions: unknown): Driver =>
    new Driver(
      base.createMachine({ id: 'm', context: { n: 0 }, on: { GO: { actions } as never } }),
    ).send('GO');
  const boom = assign(() => {
    throw new Error('later in this step');
  });
  const kept: Record<string, unknown> = {
    'that is an assigned key': assign({ n: rejecting }),
    'of an assigned key': assign({ n: inside }),
    'of an assign': assign(() => inside()),
    'of a sent event': sendTo(
      ({ self }) => self,
      () => ({ type: 'X', ...inside() }),
    ),
    'of a delayed event': raise(() => ({ type: 'X', ...inside() }), { delay: 9 }),
    'of an emitted event': emit(() => ({ type: 'X', ...inside() })),
    'of an input': spawnChild('work', { id: 'w', input: inside }),
  };
  it.each(Object.keys(kept))('%s', (name) => {
    expect(one(kept[name]).state.error?.code).toBe('invalid-json');
    expect(one([kept[name], boom]).state.status).toBe('error');
  });

  const passing: Record<string, unknown> = {
    'of an assigned key that another assign replaces': [assign({ n: inside }), assign({ n: 1 })],
    'of an assign that another replaces': [assign(() => inside()), assign({ list: 1 })],
    'of a raised event': raise(() => ({ type: 'X', ...inside() })),
    'of a line of the log': log(inside),
    'of the params of an action': { type: 'act', params: inside },
    'that is the params of an action': { type: 'act', params: rejecting },
    'that is a line of the log': log(rejecting),
  };
  it.each(Object.keys(passing))('%s', (name) => {
    expect(one(passing[name]).state.error).toBeNull();
  });
});

it("an author's chart is left as it was", () => {
  const machine = setup({ guards: { ask: () => true }, delays: { slow: () => 1 } }).createMachine({
    id: 'm',
    initial: 'a',
    states: { a: { entry: assign({}), after: { slow: 'b' } }, b: {} },
  });
  const { states } = machine;
  const { guards, delays } = machine.implementations as unknown as Record<string, object>;
  const before = [{ ...guards }, { ...delays }, [...(states['a']?.entry ?? [])]];
  expect(new Driver(machine).state.status).toBe('active');
  expect([{ ...guards }, { ...delays }, [...(states['a']?.entry ?? [])]]).toEqual(before);
});

it('an action may take its time', () => {
  const machine = setup({
    actions: { act: (_, soon: Promise<unknown>) => void soon.catch(() => undefined) },
  }).createMachine({ id: 'm', entry: { type: 'act', params: () => sleep(1) } });
  expect(new Driver(machine).effects).toMatchObject([{ kind: 'act', type: 'act' }]);
});
