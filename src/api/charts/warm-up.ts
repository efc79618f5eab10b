/**
 * A chart of nobody's. A thread that has laid it out has loaded and compiled most of what the first real chart needs,
 * which takes longer than a real chart does.
 */
import type { ChartPlan, PlanEdge, PlanNode } from '../../domain/chart-plan.ts';

const root = 'warm-up';
const states = 20;
const statesOfGroup = 10;

const groupOf = (n: number): string => `${root}.g${Math.floor(n / statesOfGroup)}`;
const stateOf = (n: number): string => `${groupOf(n % states)}.s${n % states}`;

/** Two levels, labels, edges forwards and backwards, within a group and out of it. */
export function warmUpPlan(): ChartPlan {
  const all = Array.from({ length: states }, (_, n) => n);
  const groups = [...new Set(all.map(groupOf))];
  const compound = { type: 'compound', rows: [] } as const;
  return {
    root,
    nodes: [
      { ...compound, id: root, key: root, parent: null, children: groups, initial: groupOf(0) },
      ...groups.map((id): PlanNode => {
        const children = all.filter((n) => groupOf(n) === id).map(stateOf);
        const initial = children[0] ?? null;
        return { ...compound, id, key: id, parent: root, children, initial };
      }),
      ...all.map((n): PlanNode => {
        const of = { type: 'atomic', children: [], initial: null, rows: [] } as const;
        return { ...of, id: stateOf(n), key: `state ${n}`, parent: groupOf(n) };
      }),
    ],
    edges: all.flatMap((n) => [
      edge(`next ${n}`, n, n + 1),
      ...(n % 2 === 0 ? [edge(`skip ${n}`, n, n + 2 + (n % 4))] : []),
    ]),
  };
}

const edge = (id: string, from: number, to: number): PlanEdge => ({
  id,
  edges: [],
  source: stateOf(from),
  target: stateOf(to),
  kind: 'event',
  labels: [id],
});
