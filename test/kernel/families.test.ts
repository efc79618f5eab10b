/** A chart among an agent's actors is the agent that runs, or it is refused when it is registered. */
import { createMachine, sendTo, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { createKernel } from '../../src/kernel/kernel.ts';

const kernel = createKernel();

const kid = setup({ actions: { hear: () => undefined } }).createMachine({
  id: 'kid',
  on: { HI: { actions: 'hear' } },
});
const impostor = createMachine({ id: 'kid', initial: 'a', states: { a: {} } });

const parentWith = (chart: object) =>
  setup({ actors: { child: chart as typeof kid } }).createMachine({
    id: 'parent',
    invoke: { id: 'k', src: 'child', onError: {} },
    exit: sendTo('k', { type: 'HI' }),
  });

function check(...machines: readonly object[]): void {
  kernel.checkFamilies(machines.map((machine) => kernel.register(machine)));
}

describe('a chart among the actors of an agent', () => {
  it('may be the agent itself', () => {
    expect(() => check(parentWith(kid), kid)).not.toThrow();
  });

  it('may be the same chart made ready otherwise', () => {
    const provided = kid.provide({ actions: { hear: () => undefined } });
    expect(() => check(parentWith(provided), kid)).not.toThrow();
  });

  it.each([
    ['by its id alone', createMachine({ id: 'kid' })],
    ['with its types', createMachine({ id: 'kid', types: {} as { input: { n: number } } })],
  ])('may be an empty place for one, given %s', (_, place) => {
    expect(() => check(parentWith(place), kid)).not.toThrow();
  });

  it('may be an empty place for the very chart that has it', () => {
    expect(() => check(parentWith(createMachine({ id: 'parent' })))).not.toThrow();
  });

  it('may be any of the versions that are registered', () => {
    const second = createMachine({ id: 'kid', initial: 'b', states: { b: {} } });
    const agents = [
      kernel.register(parentWith(kid)),
      kernel.register(kid, { version: '1' }),
      kernel.register(second, { version: '2' }),
    ];
    expect(() => kernel.checkFamilies(agents)).not.toThrow();
  });

  it.each([
    ['states', impostor],
    ['an event more', createMachine({ id: 'kid', on: { HI: {}, HO: {} } })],
    ['an output', createMachine({ id: 'kid', output: 1 })],
  ])('is refused by place when it has the id of another: %s', (_, other) => {
    expect(() => check(parentWith(other), kid)).toThrow(
      /Agent parent .*\n- parent actor "child": .* another chart .*"kid"; register this one/,
    );
  });

  it('is refused by place when it is no agent, invoked or not', () => {
    const idle = setup({ actors: { never: kid } }).createMachine({ id: 'parent' });
    for (const parent of [parentWith(kid), idle]) {
      expect(() => check(parent)).toThrow(
        /- parent actor "(child|never)": no agent is registered as "kid"; add its chart/,
      );
    }
  });

  it('is refused with every reason at once', () => {
    const parent = setup({ actors: { one: kid, two: impostor } }).createMachine({ id: 'parent' });
    expect(() => check(parent)).toThrow(/actor "one"[\s\S]*actor "two"/);
  });
});
