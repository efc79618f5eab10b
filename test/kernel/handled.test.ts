/** Which events a chart has taken: what its journal says of an event that no state takes. */
import { describe, expect, it } from 'vitest';
import { assign, createMachine, raise, sendTo, setup } from 'xstate';
import type { RunEvent } from '../../src/domain/event.ts';
import { Driver, kernel } from './driver.ts';

const told = (type: string): RunEvent => ({ kind: 'event', event: { type } });

/** A chart of one root, at rest. */
function rooted(root: object): Driver {
  return new Driver(createMachine({ id: 'rooted', ...root } as never));
}

describe('an event counts as handled', () => {
  const handled: Readonly<Record<string, object>> = {
    'where a state takes it': { initial: 'a', states: { a: { on: { GO: 'b' } }, b: {} } },
    'where the root takes it': {
      on: { GO: { actions: assign({}) } },
      initial: 'a',
      states: { a: {} },
    },
    'by a wildcard': { on: { '*': { actions: assign({}) } } },
    'by a transition that does nothing': { on: { GO: {} } },
    'where it is forbidden by name': {
      on: { '*': '.b' },
      initial: 'a',
      states: { a: { on: { GO: undefined } }, b: {} },
    },
    'in one of two regions': {
      type: 'parallel',
      states: { one: { on: { GO: {} } }, two: {} },
    },
    'by its second candidate': { on: { GO: [{ guard: () => false }, {}] } },
    'where an eventless transition was opened by it': {
      initial: 'a',
      states: {
        a: {
          always: {
            guard: ({ event }: { event: { type: string } }) => event.type === 'GO',
            target: 'b',
          },
        },
        b: {},
      },
    },
  };
  it.each(Object.entries(handled))('%s', (_, root) => {
    const run = rooted(root);
    expect(kernel.step(run.agent, run.state, told('GO'), 'run-1').handled).toBe(true);
  });

  const ignored: Readonly<Record<string, object>> = {
    'no state knows it': { on: { STOP: {} } },
    'only another state takes it': { initial: 'a', states: { a: {}, b: { on: { GO: 'a' } } } },
    'its guard says no': { on: { GO: { guard: () => false } } },
    'only a part of it fits a wildcard': { on: { 'GOING.*': {} } },
    'eventless transitions stay shut': {
      initial: 'a',
      states: { a: { always: { guard: () => false, target: 'b' } }, b: {} },
    },
  };
  it.each(Object.entries(ignored))('but not where %s', (_, root) => {
    const run = rooted(root);
    const step = kernel.step(run.agent, run.state, told('GO'), 'run-1');
    expect(step).toMatchObject({ handled: false, stale: false, effects: [] });
    expect(kernel.persist(run.agent, step.state)).toBe(run.text);
  });

  it('is said of each event alone, by a state that stays in memory too', () => {
    const run = rooted({ on: { GO: { actions: raise({ type: 'NOTHING' }) } } });
    const taken = kernel.step(run.agent, run.state, told('GO'), 'run-1');
    const ignoredNext = kernel.step(run.agent, taken.state, told('STOP'), 'run-1');
    const again = kernel.step(run.agent, ignoredNext.state, told('GO'), 'run-1');
    expect([taken, ignoredNext, again].map((step) => step.handled)).toEqual([true, false, true]);
  });

  it('though what it has the chart send to itself is not', () => {
    const chart = setup({}).createMachine({
      id: 'echo',
      on: { GO: { actions: sendTo(({ self }) => self, { type: 'NOBODY' }) } },
    });
    const run = new Driver(chart);
    expect(kernel.step(run.agent, run.state, told('GO'), 'run-1').handled).toBe(true);
  });
});
