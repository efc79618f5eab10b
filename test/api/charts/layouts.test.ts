/** Charts laid out in a thread: a real one, one that never comes back, and none at all. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createMachine } from 'xstate';
import type { DrawnChart } from '../../../src/api/charts/drawn-chart.ts';
import { Layouts, layoutSettings, type LayoutSettings } from '../../../src/api/charts/layouts.ts';
import { warmUpPlan } from '../../../src/api/charts/warm-up.ts';
import { planOf } from '../../../src/kernel/drawing/chart-plan.ts';
import { definitionOf } from '../../../src/kernel/version.ts';
import { buildChart } from '../../properties/kernel-chart-build.ts';
import { chartCase } from '../../properties/kernel-chart-spec.ts';
import { editor } from '../../../machines/agents/editor.ts';
import { providerMachine } from '../../../machines/provider.ts';
import { runMachine } from '../../../machines/run.ts';
import { casesOf } from '../../support/long-form.ts';

const open: Layouts[] = [];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-layouts-'));
});
afterAll(async () => {
  for (const layouts of open) await layouts.close();
  await rm(folder, { recursive: true, force: true });
});

function layouts(settings: Partial<LayoutSettings> = {}): Layouts {
  const made = new Layouts({
    ...layoutSettings(),
    directionMs: 60_000,
    chartMs: 120_000,
    ...settings,
  });
  open.push(made);
  return made;
}

/** Stands in for elkjs: a module with a class that has a `layout`. */
async function standIn(name: string, body: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `module.exports = class { layout(graph) { ${body} } };`);
  return path;
}

const small = planOf(definitionOf(editor));

it('a chart has a place for each state and each edge, within its bounds', async () => {
  for (const chart of [editor, runMachine]) {
    const plan = planOf(definitionOf(chart));
    const laidOut = await layouts().of(chart.id, plan, false);
    if (laidOut.kind === 'outline') throw new Error(laidOut.why);
    const { nodes, edges, width, height } = laidOut.chart;
    for (const { id } of plan.nodes) expect(nodes[id], id).toBeDefined();
    for (const { id, labels } of plan.edges) {
      const edge = edges[id];
      expect(edge?.points.length, id).toBeGreaterThan(1);
      expect(edge?.label === null, id).toBe(labels.length === 0);
      for (const [x, y] of edge?.points ?? []) {
        expect(x >= 0 && x <= width && y >= 0 && y <= height, `${id} ${x} ${y}`).toBe(true);
      }
    }
  }
});

it('random charts are laid out, whatever leads where: to what is around a state, and from the root', async () => {
  const on = layouts();
  const charts = fc.sample(chartCase, { numRuns: casesOf({ short: 12, long: 40 }), seed: 7 });
  let fromRoot = 0;
  for (const [at, { root }] of charts.entries()) {
    const plan = planOf(definitionOf(buildChart(root).own));
    fromRoot += plan.edges.some(({ source }) => source === plan.root) ? 1 : 0;
    const laidOut = await on.of(`random ${at}`, plan, true);
    if (laidOut.kind === 'outline') throw new Error(laidOut.why);
    for (const { id } of plan.nodes) expect(laidOut.chart.nodes[id], id).toBeDefined();
    for (const { id } of plan.edges)
      expect(laidOut.chart.edges[id]?.points.length).toBeGreaterThan(1);
  }
  expect(fromRoot).toBeGreaterThan(10);
});

/** Everything that lies outside of the drawing, by what it is. */
function outside({ nodes, edges, width, height }: DrawnChart): string[] {
  type Box = {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  };
  const isIn = (at: Box): boolean =>
    at.x >= 0 && at.y >= 0 && at.x + at.width <= width && at.y + at.height <= height;
  const boxes: [string, Box | null][] = [
    ...Object.entries(nodes),
    ...Object.entries(edges).flatMap(([id, { points, label }]): [string, Box | null][] => [
      [`${id} label`, label],
      ...points.map(([x, y]): [string, Box] => [`${id} point`, { x, y, width: 0, height: 0 }]),
    ]),
  ];
  return boxes.flatMap(([what, at]) =>
    at === null || isIn(at) ? [] : [`${what} ${JSON.stringify(at)}`],
  );
}

it('states, edges and labels lie within the drawing, whatever leads where and however long its name is', async () => {
  const on = layouts();
  const plans = fc
    .sample(chartCase, { numRuns: casesOf({ short: 3, long: 40 }), seed: 15 })
    .map(({ root }) => planOf(definitionOf(buildChart(root).own)));
  // Long words on what leads from a state to itself: nothing lies beside them.
  const event = fc.constantFrom('GO', 'RATE_LIMITED', 'A_VERY_LONG_EVENT_OF_ALL_EVENTS');
  const loops = fc.array(fc.tuple(event, fc.constantFrom('a', 'b', 'c')), { maxLength: 4 });
  for (const [n, [a, b, c]] of fc
    .sample(fc.tuple(loops, loops, loops), { numRuns: casesOf({ short: 2, long: 20 }), seed: 15 })
    .entries()) {
    const state = (own: string, to: typeof a) => ({
      on: Object.fromEntries(
        [...to, ['LOOP_OF_ITS_OWN', own]].map(([type, target]) => [
          type,
          { target, reenter: true },
        ]),
      ),
    });
    const states = { a: state('a', a), b: state('b', b), c: state('c', c) };
    plans.push(planOf({ id: `loops${n}`, initial: 'a', states }));
  }
  plans.push(planOf(definitionOf(providerMachine)));
  for (const [at, plan] of plans.entries()) {
    for (const isNarrow of [true, false]) {
      const laidOut = await on.of(`within ${at}`, plan, isNarrow);
      if (laidOut.kind === 'outline') throw new Error(laidOut.why);
      expect(outside(laidOut.chart), `${plan.root} ${at}`).toEqual([]);
    }
  }
});

it('an edge leads from its source to its target, backwards ones too', async () => {
  const chart = createMachine({
    id: 'circle',
    initial: 'a',
    states: {
      a: { on: { GO: 'b' } },
      b: { on: { GO: 'c', BACK: 'a' } },
      c: { on: { AGAIN: 'a' } },
    },
  });
  const plan = planOf(definitionOf(chart));
  const laidOut = await layouts().of('circle', plan, true);
  if (laidOut.kind === 'outline') throw new Error(laidOut.why);
  const { nodes, edges } = laidOut.chart;
  const meets = (point: readonly number[] | undefined, id: string): boolean => {
    const { x, y, width, height } = nodes[id] as {
      x: number;
      y: number;
      width: number;
      height: number;
    };
    const [px = -99, py = -99] = point ?? [];
    return px >= x - 1 && px <= x + width + 1 && py >= y - 1 && py <= y + height + 1;
  };
  for (const { id, source, target } of plan.edges) {
    const { points } = edges[id] as { points: readonly (readonly number[])[] };
    expect(meets(points[0], source), `${id} begins at ${source}`).toBe(true);
    expect(meets(points.at(-1), target), `${id} ends at ${target}`).toBe(true);
  }
  // The initial state stands above the others.
  expect(nodes['circle.a']?.y).toBeLessThan(nodes['circle.b']?.y ?? 0);
});

it('a thread that never comes back is ended; its chart is an outline and stays one, the next chart is drawn', async () => {
  const elkPath = await standIn(
    'never.cjs',
    "if (JSON.stringify(graph).includes('circle')) for (;;);  return Promise.resolve({ ...graph, width: 1, height: 1 });",
  );
  const own = layouts({ elkPath, directionMs: 3_000, chartMs: 5_000 });
  const circle = planOf({ id: 'circle', initial: 'a', states: { a: {} } });
  const first = await own.of('circle', circle, false);
  expect(first).toMatchObject({
    kind: 'outline',
    why: expect.stringContaining('no layout within') as string,
  });
  expect(await own.of('circle', circle, false)).toBe(first);
  expect((await own.of('small', small, false)).kind).toBe('drawn');
});

it('what took too long is tried again later, for the machine may have had much to do', async () => {
  const elkPath = await standIn(
    'once-late.cjs',
    `const fs = require('node:fs');
     const mark = __filename + '.seen';
     if (fs.existsSync(mark)) return Promise.resolve({ ...graph, width: 1, height: 1 });
     fs.writeFileSync(mark, '');
     for (;;);`,
  );
  const own = layouts({ elkPath, directionMs: 2_000, chartMs: 2_000, lateAgainMs: 1_000 });
  expect((await own.of('small', small, true)).kind).toBe('outline');
  expect((await own.of('small', small, true)).kind).toBe('outline');
  await expect
    .poll(async () => (await own.of('small', small, true)).kind, { timeout: 20_000 })
    .toBe('drawn');
});

it('what throws, or takes all memory, ends in an outline; nothing of it reaches the process', async () => {
  const throws = await standIn(
    'throws.cjs',
    "throw new RangeError('Maximum call stack size exceeded');",
  );
  const why = await layouts({ elkPath: throws }).of('small', small, false);
  expect(why).toMatchObject({ kind: 'outline' });
  const eats = await standIn(
    'eats.cjs',
    'const all = []; for (;;) all.push(new Array(1e6).fill(graph.id));',
  );
  expect(await layouts({ elkPath: eats }).of('small', small, false)).toMatchObject({
    kind: 'outline',
  });
}, 120_000);

it('without elkjs every chart is an outline, and says how it is drawn', async () => {
  const laidOut = await layouts({ elkPath: null }).of('small', small, false);
  expect(laidOut).toEqual({ kind: 'outline', why: 'elkjs is not installed; npm install elkjs' });
});

it('what was laid out before is there at once, and nothing else is', async () => {
  const own = layouts();
  const early = own.kept('small', false);
  expect(early).toMatchObject({ kind: 'outline', why: 'it is not laid out yet' });
  const drawn = await own.of('small', small, false);
  expect(own.kept('small', false)).toBe(drawn);
  expect(own.kept('small', true).kind).toBe('outline');
});

/** Tells in the width how often it was asked. */
const counts =
  'globalThis.n = (globalThis.n ?? 0) + 1; return Promise.resolve({ ...graph, width: globalThis.n, height: 1 });';
const widthOf = async (on: Layouts, key: string, isNarrow = true): Promise<number> => {
  const laidOut = await on.of(key, small, isNarrow);
  return laidOut.kind === 'drawn' ? laidOut.chart.width : 0;
};

it('a thread that was made warm is the one that lays out, and is made warm once', async () => {
  const elkPath = await standIn('counts.cjs', counts);
  const own = layouts({ elkPath });
  own.warm();
  own.warm();
  expect(await widthOf(own, 'a')).toBe(2);
  own.warm();
  expect(await widthOf(own, 'b')).toBe(3);
  const begun = layouts({ elkPath });
  expect(await widthOf(begun, 'a')).toBe(1);
  begun.warm();
  expect(await widthOf(begun, 'b')).toBe(2);
  const laidOut = await layouts().of('warm', warmUpPlan(), true);
  if (laidOut.kind === 'outline') throw new Error(laidOut.why);
  expect(Object.keys(laidOut.chart.nodes).length).toBeGreaterThan(20);
});

it('a thread that cannot be made warm leaves the next chart to a new one, and none begins after a close', async () => {
  const elkPath = await standIn(
    'never-warm.cjs',
    "if (JSON.stringify(graph).includes('warm-up')) for (;;);  return Promise.resolve({ ...graph, width: 1, height: 1 });",
  );
  const own = layouts({ elkPath, directionMs: 2_000 });
  own.warm();
  expect(await widthOf(own, 'a')).toBe(1);
  const none = layouts({ elkPath: null });
  none.warm();
  const closed = layouts({ elkPath });
  await closed.close();
  closed.warm();
});

it('a chart that is seen whole in one direction is not laid out in the other', async () => {
  const own = layouts({ elkPath: await standIn('counts-again.cjs', counts) });
  expect(await widthOf(own, 'a', false)).toBe(1);
  expect(await widthOf(own, 'b', false)).toBe(2);
  const wide = layouts({
    elkPath: await standIn(
      'wide.cjs',
      counts.replace('width: globalThis.n', 'width: 5000 - globalThis.n'),
    ),
  });
  expect(await widthOf(wide, 'a', false)).toBe(4_998);
});

it('a close ends whenever it comes: before a thread, before its answer, between that and its reading, and after', async () => {
  const told = join(folder, 'told');
  // It says in a file that its answer comes next, so that the answer is there while nobody has read it.
  const elkPath = await standIn(
    'told.cjs',
    `setTimeout(() => require('node:fs').writeFileSync(${JSON.stringify(told)} + graph.id, ''), 50);
     return Promise.resolve({ ...graph, width: 1, height: 1 });`,
  );
  for (const [at, when] of (['before', 'asked', 'unread', 'after'] as const).entries()) {
    const own = layouts({ elkPath });
    const id = `${when}${at}`;
    const asked = own.of(id, planOf({ id, initial: 'a', states: { a: {} } }), true);
    if (when === 'after') await asked;
    if (when === 'asked' || when === 'unread') await new Promise(setImmediate);
    // The thread answers, and this one reads nothing until the file is there.
    if (when === 'unread') {
      const untilMs = performance.now() + 20_000;
      while (!existsSync(`${told}${id}`) && performance.now() < untilMs);
      expect(existsSync(`${told}${id}`)).toBe(true);
    }
    await own.close();
    expect((await asked).kind, when).toBe(
      when === 'unread' || when === 'after' ? 'drawn' : 'outline',
    );
  }
}, 30_000);

it('a thread that ends or fails while nothing is asked of it is followed by another', async () => {
  for (const [name, end] of [
    ['ends.cjs', 'process.exit(0)'],
    ['fails.cjs', "throw new Error('late')"],
  ] as const) {
    const gone = join(folder, `${name}.gone`);
    const elkPath = await standIn(
      name,
      `process.once('exit', () => require('node:fs').writeFileSync(${JSON.stringify(gone)}, ''));
       setTimeout(() => { ${end}; }, 100);
       globalThis.n = (globalThis.n ?? 0) + 1;
       return Promise.resolve({ ...graph, width: globalThis.n, height: 1 });`,
    );
    const own = layouts({ elkPath });
    expect(await widthOf(own, 'a')).toBe(1);
    await expect.poll(() => existsSync(gone), { timeout: 10_000 }).toBe(true);
    // A chart that meets the thread while it ends is an outline; each has a name of its own, for that is kept.
    let asked = 0;
    const next = () => widthOf(own, `b${(asked += 1)}`);
    await expect.poll(next, { timeout: 20_000 }).toBe(1);
  }
});

it('many at once are laid out once', async () => {
  const own = layouts();
  const all = await Promise.all(Array.from({ length: 20 }, () => own.of('small', small, true)));
  expect(new Set(all).size).toBe(1);
});
