/** What a drawing holds: every edge once, regions that are alike once, states with the same way out as a group. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createMachine, type AnyStateMachine } from 'xstate';
import { planOf } from '../../src/kernel/drawing/chart-plan.ts';
import { edgesOf } from '../../src/kernel/drawing/edges.ts';
import { definitionOf } from '../../src/kernel/version.ts';
import { runMachine } from '../../machines/run.ts';
import { buildChart } from '../properties/kernel-chart-build.ts';
import { chartCase } from '../properties/kernel-chart-spec.ts';

const machineOf = (machine: AnyStateMachine): AnyStateMachine =>
  createMachine(definitionOf(machine) as never);

/** Holds a plan against its chart: nothing is lost, doubled or beside its parent. */
function check(given: AnyStateMachine): void {
  const machine = machineOf(given);
  const plan = planOf(definitionOf(given));
  const ids = new Set(plan.nodes.map(({ id }) => id));
  expect(ids.size).toBe(plan.nodes.length);
  for (const { id, parent, children, initial } of plan.nodes) {
    expect(parent === null ? id === plan.root : ids.has(parent), id).toBe(true);
    for (const child of children) {
      expect(plan.nodes.find((node) => node.id === child)?.parent, child).toBe(id);
    }
    if (initial !== null) expect(ids.has(initial), initial).toBe(true);
  }
  for (const { source, target } of plan.edges)
    expect(ids.has(source) && ids.has(target)).toBe(true);
  const drawn = [
    ...plan.edges.flatMap(({ edges }) => edges),
    ...plan.nodes.flatMap(({ rows }) =>
      rows.flatMap((row) => (row.kind === 'inlet' ? row.edges : [])),
    ),
  ];
  const edges = [...edgesOf(machine).values()];
  expect(new Set(drawn)).toEqual(new Set(edges.map(({ id }) => id)));
}

it('random charts: each edge stands in one drawn edge or inlet', () => {
  fc.assert(
    fc.property(chartCase, ({ root }) => check(buildChart(root).own)),
    { numRuns: 200 },
  );
});

it('a dense chart: states with the same way out form a group, and 124 edges become a few', () => {
  check(runMachine);
  const plan = planOf(definitionOf(runMachine));
  const group = plan.nodes.find(({ type }) => type === 'group');
  expect(group?.key).toBe(`any of these ${group?.children.length}`);
  expect(plan.edges.length).toBeLessThan(16);
});

it('regions that are alike are drawn once, and name all of their places', () => {
  const region = {
    initial: 'call',
    states: { call: { invoke: { id: 'x', src: 'y', onDone: 'done' } }, done: { type: 'final' } },
  };
  const machine = createMachine({
    id: 'fan',
    type: 'parallel',
    states: {
      call1: region,
      call2: region,
      call3: region,
      other: { initial: 'a', states: { a: {} } },
    },
  } as never);
  check(machine);
  const plan = planOf(definitionOf(machine));
  const drawn = plan.nodes.filter(({ parent }) => parent === 'fan');
  expect(drawn.map(({ key, alike }) => [key, alike?.map(({ id }) => id)])).toEqual([
    ['call1', ['fan.call1', 'fan.call2', 'fan.call3']],
    ['other', undefined],
  ]);
  const [edge] = plan.edges;
  expect(edge?.edges).toHaveLength(3);
});

it('words of edges: events, guards, delays, ends', () => {
  const machine = createMachine({
    id: 'words',
    initial: 'a',
    states: {
      a: {
        on: { GO: [{ guard: 'isReady', target: 'b' }, { target: 'c' }] },
        after: { 1500: 'b', 60000: 'c', patience: 'b' },
        invoke: { id: 'x', src: 'y', onDone: 'b', onError: 'c' },
      },
      b: { always: 'c' },
      c: { type: 'final' },
    },
  } as never);
  const labels = planOf(definitionOf(machine)).edges.map(({ kind, labels: own }) => [kind, ...own]);
  expect(labels.flat()).toEqual(
    expect.arrayContaining([
      'GO [isReady]',
      'GO [else]',
      'after 1.5 s',
      'after 1 min',
      'after patience',
      'done',
      'error',
      'always',
    ]),
  );
});
