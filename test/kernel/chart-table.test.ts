/** Charts as tables, and the system's own charts. */
import { describe, expect, it } from 'vitest';
import { assign, createActor, setup } from 'xstate';
import { providerMachine } from '../../machines/provider.ts';
import { slotMachine } from '../../machines/provider-slot.ts';
import { runMachine } from '../../machines/run.ts';
import { subscriptionMachine } from '../../machines/subscription.ts';
import { compileChart } from '../../src/kernel/chart-table.ts';

const charts = [runMachine, subscriptionMachine, slotMachine, providerMachine];

describe('a table', () => {
  it.each(charts.map((chart) => [chart.id, chart] as const))(
    'of %s says of every event in every state what an actor does',
    (_, chart) => {
      const table = compileChart(chart as typeof runMachine);
      for (const state of table.states) {
        for (const event of table.events) {
          const snapshot = chart.resolveState({ value: state, context: {} });
          const actor = createActor(chart as typeof runMachine, { snapshot: snapshot });
          actor.start();
          const takes = actor.getSnapshot().can({ type: event });
          if (takes) actor.send({ type: event });
          const next = table.next(state, event);
          expect([state, event, next]).toEqual([
            state,
            event,
            takes ? actor.getSnapshot().value : undefined,
          ]);
        }
        expect(table.final.has(state)).toBe(
          [...table.events].every((event) => table.next(state, event) === undefined),
        );
      }
    },
  );

  it('is made of flat charts only', () => {
    const nested = setup({}).createMachine({
      id: 'deep',
      initial: 'a',
      states: { a: { initial: 'b', states: { b: {} } } },
    });
    expect(() => compileChart(nested)).toThrow('Chart deep is nested');
  });

  it.each<[string, object]>([
    ['a guard', { on: { GO: { guard: () => true, target: 'b' } } }],
    ['an action', { on: { GO: { actions: assign({}) } } }],
    ['an entry action', { entry: assign({}) }],
    ['a timer', { after: { 5: 'b' } }],
    ['a wildcard', { on: { '*': 'b' } }],
  ])('is not made of a chart with %s', (_, state) => {
    const chart = setup({}).createMachine({
      id: 'does',
      initial: 'a',
      states: { a: state, b: {} },
    });
    expect(() => compileChart(chart)).toThrow('Chart does does more in a than to change its state');
  });
});

describe('the run chart', () => {
  const table = compileChart(runMachine);
  const open = [...table.states].filter((state) => !table.final.has(state));

  it('begins queued and ends in three ways', () => {
    expect(table.initial).toBe('queued');
    expect([...table.final]).toEqual(['completed', 'failed', 'cancelled']);
  });

  it('can be cancelled and paused wherever it is open', () => {
    for (const state of open) {
      expect(table.next(state, 'CANCEL')).toBe('cancelled');
      if (state !== 'paused') expect(table.next(state, 'PAUSE')).toBe('paused');
    }
  });

  it('works only once it is admitted', () => {
    for (const event of ['CALL_PROVIDER', 'RUN_TASK', 'COMPLETE', 'BACK_OFF'] as const) {
      expect(table.next('queued', event)).toBeUndefined();
      expect(table.next('paused', event)).toBeUndefined();
    }
    expect(table.next('queued', 'FAIL')).toBe('failed');
    expect(table.next('paused', 'FAIL')).toBeUndefined();
    expect(table.next('paused', 'RESUME')).toBe('queued');
  });

  it('may go from any working or waiting state to any other', () => {
    const busy = open.filter((state) => state !== 'queued' && state !== 'paused');
    expect(busy).toHaveLength(9);
    for (const state of busy) {
      expect(table.next(state, 'ADMIT')).toBe('admitted');
      expect(table.next(state, 'WAIT_ON_CHANNEL')).toBe('waiting-on-channel');
      expect(table.next(state, 'STALL')).toBe('stalled');
      expect(table.next(state, 'COMPLETE')).toBe('completed');
    }
  });
});

describe('the provider chart', () => {
  const table = compileChart(providerMachine);

  it('never stalls for a 429 (promise 8)', () => {
    for (const state of table.states) {
      expect(table.next(state, 'RATE_LIMITED')).not.toBe('stalled');
    }
  });

  it('leaves a park by a person only', () => {
    expect(table.next('parked', 'REOPEN')).toBe('open');
    expect(table.next('parked', 'RATE_LIMITED')).toBeUndefined();
    expect(table.next('parked', 'OUTAGE')).toBeUndefined();
  });
});
