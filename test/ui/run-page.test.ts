/** What the run page works out: active states, what is lit, what a turn changed, when an invocation waited. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { activePlaces } from '../../src/ui/chart/active.ts';
import { litPlan } from '../../src/ui/chart/lit.ts';
import { contextDiff, parted } from '../../src/ui/run/context-diff.ts';
import { planOf } from '../../src/kernel/drawing/chart-plan.ts';

it('active states by their places, with all around them', () => {
  expect([...activePlaces('m', 'a')]).toEqual(['m', 'm.a']);
  expect([...activePlaces('m', { a: { x: 'one', y: {} }, b: 'two' })]).toEqual([
    'm',
    'm.a',
    'm.a.x',
    'm.a.x.one',
    'm.a.y',
    'm.b',
    'm.b.two',
  ]);
});

it('an edge of regions that are drawn once is lit by each of them, and a region is lit until its end', () => {
  const region = {
    initial: 'busy',
    states: { busy: { on: { GO: 'end' } }, end: { type: 'final' } },
  };
  const plan = planOf({
    id: 'm',
    type: 'parallel',
    states: { r1: region, r2: region, r3: region },
  });
  const [edge] = plan.edges;
  const light = {
    active: activePlaces('m', { r1: 'end', r2: 'busy', r3: 'end' }),
    now: new Set([edge?.edges[2] ?? '']),
    before: new Set([edge?.edges[0] ?? '']),
  };
  const lit = litPlan(plan, light);
  expect(lit.edges.get(edge?.id ?? '')).toBe('now');
  expect([...lit.regions]).toEqual(['m.r2']);
  expect([...lit.nodes].toSorted()).toEqual(['m', 'm.r1', 'm.r1.busy', 'm.r1.end']);
});

it('a diff says nothing of what is the same, and each change once', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      expect(contextDiff(a, structuredClone(a))).toEqual({ changes: [], left: 0 });
      const { changes } = contextDiff({ kept: a }, { kept: a, more: b });
      expect(changes).toEqual([{ path: 'more', kind: 'added', after: b }]);
      expect(contextDiff({ gone: b }, {}).changes).toEqual([
        { path: 'gone', kind: 'removed', before: b },
      ]);
    }),
  );
  const before = { a: { b: [1, 2] }, c: 'x' };
  expect(contextDiff(before, { a: { b: [1, 3] }, c: 'x' }).changes).toEqual([
    { path: 'a.b.1', kind: 'changed', before: 2, after: 3 },
  ]);
  expect(contextDiff(before, { a: [], c: 'x' }).changes).toMatchObject([
    { path: 'a', kind: 'changed' },
  ]);
});

it('a diff of very many changes shows the first and says how many more there are', () => {
  const of = (n: number, value: number) =>
    Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, value]));
  const { changes, left } = contextDiff(of(1_000, 1), of(1_200, 2));
  expect(changes.length + left).toBe(1_200);
  expect(left).toBe(1_000);
  expect(contextDiff(of(200, 1), of(200, 2)).left).toBe(0);
});

it('two values that differ are shown as different, however long both are alike', () => {
  for (const alike of [0, 10, 299, 300, 599, 600, 5_000]) {
    for (const rest of [0, 1, 700]) {
      const text = (mark: string): string => `${'x'.repeat(alike)}${mark}${'y'.repeat(rest)}`;
      const [was, is] = parted(text('1'), text('2'));
      expect(was).not.toBe(is);
      expect(Math.max(was.length, is.length)).toBeLessThanOrEqual(602);
      if (alike + rest < 500) expect([was, is]).toEqual([`"${text('1')}"`, `"${text('2')}"`]);
    }
    const [was, is] = parted('x'.repeat(alike), 'x'.repeat(alike + 1));
    expect(was).not.toBe(is);
  }
  expect(parted(undefined, 1)).toEqual(['undefined', '1']);
});
