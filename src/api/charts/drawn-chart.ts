/** What ELK has laid out, as places in px from the upper left corner. */
import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import type { ChartPlan } from '../../domain/chart-plan.ts';
import { backwardEdges } from './backward-edges.ts';
import type { Direction } from './layout-graph.ts';

type Box = {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
};

export type DrawnChart = {
  readonly direction: Direction;
  readonly width: number;
  readonly height: number;
  /** By the id of a state; of an initial dot by that of its state and ` initial`. */
  readonly nodes: Readonly<Record<string, Box>>;
  /** By the id of the plan's edge; points from its source to its target. */
  readonly edges: Readonly<
    Record<
      string,
      { readonly points: readonly (readonly [number, number])[]; readonly label: Box | null }
    >
  >;
};

export function drawnChart(plan: ChartPlan, laidOut: ElkNode, direction: Direction): DrawnChart {
  const backwards = backwardEdges(plan);
  const nodes: Record<string, Box> = {};
  const edges: Record<string, DrawnChart['edges'][string]> = {};
  const walk = (node: ElkNode): void => {
    nodes[node.id] = boxOf(node);
    for (const edge of node.edges ?? []) edges[edge.id] = edgeOf(edge, backwards.has(edge.id));
    for (const child of node.children ?? []) walk(child);
  };
  walk(laidOut);
  const { width = 0, height = 0 } = laidOut;
  return { direction, width: Math.ceil(width), height: Math.ceil(height), nodes, edges };
}

const tenth = (n = 0): number => Math.round(n * 10) / 10;

function boxOf({ x, y, width, height }: Partial<Box>): Box {
  return { x: tenth(x), y: tenth(y), width: tenth(width), height: tenth(height) };
}

function edgeOf(edge: ElkExtendedEdge, isBackwards: boolean): DrawnChart['edges'][string] {
  const [section] = edge.sections ?? [];
  const points =
    section === undefined
      ? []
      : [section.startPoint, ...(section.bendPoints ?? []), section.endPoint].map(
          ({ x, y }) => [tenth(x), tenth(y)] as const,
        );
  const [label] = edge.labels ?? [];
  return {
    points: isBackwards ? points.toReversed() : points,
    label: label === undefined ? null : boxOf(label),
  };
}
