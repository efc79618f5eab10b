/** Three or more regions of a parallel state that have the same structure are drawn once. */
import type { ChartPlan, PlanEdge, PlanNode } from '../../domain/chart-plan.ts';

const alikeMin = 3;

export function alikeRegions(plan: ChartPlan): ChartPlan {
  const byId = new Map(plan.nodes.map((node) => [node.id, node]));
  /** From the place of a region that is not drawn to that of the one that is. */
  const drawn = new Map<string, string>();
  const alike = new Map<string, PlanNode['alike']>();
  for (const node of plan.nodes) {
    if (node.type !== 'parallel') continue;
    const groups = new Map<string, PlanNode[]>();
    for (const id of node.children) {
      const region = byId.get(id) as PlanNode;
      const signature = JSON.stringify(signatureOf(region, byId, plan.edges));
      groups.set(signature, [...(groups.get(signature) ?? []), region]);
    }
    for (const regions of groups.values()) {
      const [first] = regions;
      if (first === undefined || regions.length < alikeMin) continue;
      alike.set(
        first.id,
        regions.map(({ id, key }) => ({ id, key })),
      );
      for (const { id } of regions.slice(1)) drawn.set(id, first.id);
    }
  }
  return drawn.size === 0 ? plan : without(plan, drawn, alike);
}

/** What two regions have in common when only their names differ. */
function signatureOf(
  region: PlanNode,
  byId: ReadonlyMap<string, PlanNode>,
  edges: readonly PlanEdge[],
): unknown {
  const within = (id: string): string =>
    id === region.id ? '' : id.startsWith(`${region.id}.`) ? id.slice(region.id.length) : `@${id}`;
  const shape = (node: PlanNode): unknown => [
    node === region ? '' : node.key,
    node.type,
    node.initial === null ? null : within(node.initial),
    node.rows.map(({ kind, text }) => [
      kind,
      text.replaceAll(region.key, '*').replaceAll(/\d+/g, '#'),
    ]),
    edges
      .filter(({ source }) => source === node.id)
      .map(({ target, kind, labels }) => [
        within(target),
        kind,
        labels.map((one) => one.replaceAll(region.key, '*').replaceAll(/\d+/g, '#')),
      ]),
    node.children.map((id) => shape(byId.get(id) as PlanNode)),
  ];
  return shape(region);
}

function without(
  plan: ChartPlan,
  drawn: ReadonlyMap<string, string>,
  alike: ReadonlyMap<string, PlanNode['alike']>,
): ChartPlan {
  const regionOf = (id: string): string | undefined =>
    [...drawn.keys()].find((region) => id === region || id.startsWith(`${region}.`));
  const moved = (id: string): string => {
    const region = regionOf(id);
    return region === undefined ? id : (drawn.get(region) as string) + id.slice(region.length);
  };
  const nodes = plan.nodes
    .filter(({ id }) => regionOf(id) === undefined)
    .map((node): PlanNode => {
      const regions = alike.get(node.id);
      return {
        ...node,
        children: node.children.filter((id) => !drawn.has(id)),
        ...(regions === undefined ? {} : { alike: regions }),
      };
    });
  const edges = plan.edges.map((edge) => ({
    ...edge,
    source: moved(edge.source),
    target: moved(edge.target),
  }));
  return { ...plan, nodes, edges };
}
