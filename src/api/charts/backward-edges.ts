/**
 * Which edges run backwards: found depth first on each level, from its initial state, in the order in which the states
 * are written.
 */
import type { ChartPlan, PlanNode } from '../../domain/chart-plan.ts';

type Between = { readonly from: string; readonly to: string; readonly id: string };

export function backwardEdges(plan: ChartPlan): ReadonlySet<string> {
  const byId = new Map(plan.nodes.map((node) => [node.id, node]));
  const levels = new Map<string, Between[]>();
  for (const { id, source, target } of plan.edges) {
    const [a, b] = [wayTo(source, byId), wayTo(target, byId)];
    let depth = 0;
    while (depth < a.length && depth < b.length && a[depth] === b[depth]) depth++;
    const [from, to, level] = [a[depth], b[depth], a[depth - 1]];
    // An edge into what is around it has no place in any order.
    if (from === undefined || to === undefined || level === undefined) continue;
    levels.set(level, [...(levels.get(level) ?? []), { from, to, id }]);
  }
  const backwards = new Set<string>();
  for (const [level, edges] of levels) {
    const node = byId.get(level);
    if (node !== undefined) walkLevel(node, edges, byId, backwards);
  }
  return backwards;
}

function walkLevel(
  { children, initial }: PlanNode,
  edges: readonly Between[],
  byId: ReadonlyMap<string, PlanNode>,
  backwards: Set<string>,
): void {
  const places = new Map(children.map((id, at) => [id, at]));
  const state = new Map<string, 'open' | 'done'>();
  const visit = (id: string): void => {
    state.set(id, 'open');
    const out = edges
      .filter(({ from, to }) => from === id && to !== id)
      .toSorted((a, b) => (places.get(a.to) ?? 0) - (places.get(b.to) ?? 0));
    for (const edge of out) {
      if (state.get(edge.to) === 'open') backwards.add(edge.id);
      else if (state.get(edge.to) === undefined) visit(edge.to);
    }
    state.set(id, 'done');
  };
  const way = initial === null ? [] : wayTo(initial, byId);
  const first = children.find((id) => way.includes(id));
  if (first !== undefined) visit(first);
  for (const id of children) if (state.get(id) === undefined) visit(id);
}

/** The states around it from the root on, and itself. */
function wayTo(id: string, byId: ReadonlyMap<string, PlanNode>): readonly string[] {
  const way: string[] = [];
  for (let at: string | null = id; at !== null; at = byId.get(at)?.parent ?? null) way.unshift(at);
  return way;
}
