/** How long charts take to be laid out by the server, as it does it: in a thread, both directions, with its deadlines. */
import { createMachine } from 'xstate';
import { Layouts, layoutSettings } from '../../../src/api/charts/layouts.ts';
import { planOf } from '../../../src/kernel/drawing/chart-plan.ts';
import { definitionOf } from '../../../src/kernel/version.ts';
import { printTable } from '../report.ts';

/** States in groups of ten, with 1.6 labelled edges each, to near ones: of the same group or the next. */
function chartOf(states: number) {
  const name = (n: number): string => `s${n % states}`;
  const nodes = Array.from({ length: states }, (_, n) => {
    const on: Record<string, string> = { [`NEXT_${n % 7}`]: `#${name(n + 1)}` };
    if (n % 5 < 3) on[`SKIP_${n % 3}`] = `#${name(n + 2 + (n % 4))}`;
    return [name(n), { id: name(n), on }] as const;
  });
  const groups = Array.from({ length: Math.ceil(states / 10) }, (_, g) => {
    const own = nodes.slice(g * 10, g * 10 + 10);
    return [`g${g}`, { initial: own[0]?.[0], states: Object.fromEntries(own) }] as const;
  });
  return createMachine({ id: 'large', initial: 'g0', states: Object.fromEntries(groups) });
}

export async function layouts(): Promise<void> {
  const rows = [];
  for (const [states, thread, goal] of [
    [40, 'cold', '≤ 1,000'],
    [40, 'warm', '≤ 1,000'],
    [250, 'cold', '≤ 8,000'],
    [250, 'warm', '≤ 8,000'],
  ] as const) {
    const plan = planOf(definitionOf(chartOf(states)));
    // A thread of its own each: the first chart of a cold one pays for loading elkjs, as where nobody has opened a page.
    const on = new Layouts(layoutSettings());
    if (thread === 'warm') {
      on.warm();
      await on.of('one state', planOf({ id: 'one', initial: 'a', states: { a: {} } }), true);
    }
    const beganMs = performance.now();
    const laidOut = await on.of(`large ${states}`, plan, true);
    const tookMs = performance.now() - beganMs;
    const how = laidOut.kind === 'drawn' ? 'drawn' : `an outline: ${laidOut.why}`;
    rows.push([String(states), thread, String(plan.edges.length), tookMs.toFixed(0), goal, how]);
    await on.close();
  }
  printTable('Charts laid out, ms', [
    ['states', 'thread', 'edges drawn', 'took', 'goal', ''],
    ...rows,
  ]);
}
