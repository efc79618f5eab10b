/**
 * Dense charts: states of one parent with the very same way out form a group, "any of these 9". Edges within it become
 * a row of the state that they lead to; edges out leave the group once.
 */
import type { ChartPlan, PlanEdge, PlanNode } from '../../domain/chart-plan.ts';

const statesMin = 3;
const edgesMin = 4;

export function groupedByWayOut(plan: ChartPlan): ChartPlan {
  const bySource = new Map<string, PlanEdge[]>();
  for (const edge of plan.edges) {
    const known = bySource.get(edge.source);
    if (known === undefined) bySource.set(edge.source, [edge]);
    else known.push(edge);
  }
  const groups = new Map<string, PlanNode[]>();
  for (const node of plan.nodes) {
    if (node.type !== 'atomic' || node.parent === null) continue;
    const out = bySource.get(node.id) ?? [];
    if (out.length < edgesMin) continue;
    const key = `${node.parent}\n${out.map(wayOf).toSorted().join('\n')}`;
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  let grouped = plan;
  for (const members of groups.values()) {
    if (members.length >= statesMin) grouped = withGroup(grouped, members);
  }
  return grouped;
}

const wayOf = ({ kind, labels, target }: PlanEdge): string =>
  `${kind} ${labels.join(' ')} > ${target}`;

function withGroup(plan: ChartPlan, members: readonly PlanNode[]): ChartPlan {
  const [first] = members as [PlanNode, ...PlanNode[]];
  const parent = plan.nodes.find(({ id }) => id === first.parent) as PlanNode;
  const ids = new Set(members.map(({ id }) => id));
  const group: PlanNode = {
    id: `${first.id} and ${members.length - 1} more`,
    key: `any of these ${members.length}`,
    type: 'group',
    parent: parent.id,
    children: members.map(({ id }) => id),
    initial: null,
    rows: [],
  };
  const kept = new Map<string, PlanEdge>();
  const inlets = new Map<string, Map<string, readonly string[]>>();
  for (const edge of plan.edges) {
    if (!ids.has(edge.source)) {
      kept.set(edge.id, edge);
      continue;
    }
    const way = wayOf(edge);
    const known = kept.get(way);
    if (ids.has(edge.target)) {
      const into = inlets.get(edge.target) ?? new Map<string, readonly string[]>();
      const text = edge.labels.join(' ');
      into.set(text, [...(into.get(text) ?? []), ...edge.edges]);
      inlets.set(edge.target, into);
    } else if (known === undefined) kept.set(way, { ...edge, source: group.id });
    else kept.set(way, { ...known, edges: [...known.edges, ...edge.edges] });
  }
  const nodes = plan.nodes.flatMap((node): PlanNode[] => {
    if (node.id === parent.id) {
      const children = node.children.flatMap((id) =>
        id === first.id ? [group.id] : ids.has(id) ? [] : [id],
      );
      return [{ ...node, children }, group];
    }
    if (!ids.has(node.id)) return [node];
    const inlet = [...(inlets.get(node.id) ?? [])].map(
      ([text, edges]) => ({ kind: 'inlet', text, edges }) as const,
    );
    return [{ ...node, parent: group.id, rows: [...node.rows, ...inlet] }];
  });
  return { ...plan, nodes, edges: [...kept.values()] };
}
