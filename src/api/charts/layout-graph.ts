/**
 * A chart's plan as the graph that ELK lays out, and its answer as places. Nothing is measured: labels are monospaced,
 * so sizes are counts of letters.
 *
 * Edges that run backwards are turned round before ELK sees them and turned back after: with its own breaking of cycles
 * a state can come to stand above the initial one.
 */
import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import type { ChartPlan, PlanEdge, PlanNode } from '../../domain/chart-plan.ts';
import { backwardEdges } from './backward-edges.ts';

export type Direction = 'DOWN' | 'RIGHT';

/** px of a letter at 11 and 12 px of a monospaced font. */
const letterPx = 6.62;
const nameLetterPx = 7.25;
const linePx = 14;
const rowPx = 16;
const initialPx = 8;
/** With its gap. */
const cellPx = 9;

const initialOf = (id: string): string => `${id} initial`;

/** How often ELK tries to lessen crossings. Its time grows with it: 20 took five times as long as 3 for 64 edges. */
function thoroughnessFor(edges: number): number {
  if (edges <= 40) return 20;
  return edges <= 60 ? 7 : 3;
}

/** From https://eclipse.dev/elk/reference/options.html; the values were found by looking at charts. */
const rootOptions = (direction: Direction, edges: number): Readonly<Record<string, string>> => ({
  'elk.algorithm': 'layered',
  'elk.direction': direction,
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
  'elk.spacing.nodeNode': '26',
  'elk.layered.spacing.nodeNodeBetweenLayers': '26',
  'elk.spacing.edgeNode': '16',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.spacing.edgeEdge': '12',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '12',
  'elk.spacing.edgeLabel': '4',
  'elk.spacing.labelLabel': '4',
  'elk.spacing.nodeSelfLoop': '14',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.nodePlacement.favorStraightEdges': 'true',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.cycleBreaking.strategy': 'MODEL_ORDER',
  'elk.layered.crossingMinimization.semiInteractive': 'true',
  'elk.layered.thoroughness': String(thoroughnessFor(edges)),
  'elk.layered.mergeEdges': 'false',
  'elk.layered.mergeHierarchyEdges': 'false',
  'elk.edgeLabels.placement': 'CENTER',
  'elk.layered.edgeLabels.centerLabelPlacementStrategy': 'MEDIAN_LAYER',
});

/**
 * ELK takes no edge to or from the graph itself: a chart whose root has edges stands as a state within a graph around it.
 */
export function layoutGraph(plan: ChartPlan, direction: Direction): ElkNode {
  const byId = new Map(plan.nodes.map((node) => [node.id, node]));
  const backwards = backwardEdges(plan);
  const isFramed = plan.edges.some(({ source, target }) => [source, target].includes(plan.root));
  const chart = elkNode(byId.get(plan.root) as PlanNode, byId, !isFramed);
  const around: ElkNode = isFramed ? { id: `${plan.root} around`, children: [chart] } : chart;
  return {
    ...around,
    layoutOptions: { ...around.layoutOptions, ...rootOptions(direction, plan.edges.length) },
    edges: [
      ...(around.edges ?? []),
      ...plan.edges.map((edge) => elkEdge(edge, backwards.has(edge.id))),
    ],
  };
}

/** `isPage`: it is the graph itself, without a frame and a name. */
function elkNode(node: PlanNode, byId: ReadonlyMap<string, PlanNode>, isPage: boolean): ElkNode {
  const { id, children, initial } = node;
  if (children.length === 0) return { id, ...sizeOf(node, byId) };
  const within = children.map((child) => elkNode(byId.get(child) as PlanNode, byId, false));
  const dot: ElkNode = {
    id: initialOf(id),
    width: initialPx,
    height: initialPx,
    layoutOptions: { 'elk.layered.layering.layerConstraint': 'FIRST' },
  };
  const hasDot = initial !== null && byId.has(initial);
  const top = isPage ? 8 : 34 + node.rows.length * rowPx;
  const side = isPage ? 8 : 14;
  return {
    id,
    children: hasDot ? [dot, ...within] : within,
    edges: hasDot ? [{ id: `${dot.id} edge`, sources: [dot.id], targets: [initial] }] : [],
    layoutOptions: {
      'elk.padding': `[top=${top},left=${side},bottom=${side},right=${side}]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${Math.ceil(nameWidth(node) + 20)},${top + 26})`,
      ...(node.type === 'group' ? { 'elk.spacing.nodeNode': '8' } : {}),
    },
  };
}

function sizeOf(
  node: PlanNode,
  byId: ReadonlyMap<string, PlanNode>,
): { readonly width: number; readonly height: number } {
  if (node.type === 'history') return { width: 26, height: 26 };
  const parent = node.parent === null ? undefined : byId.get(node.parent);
  const alike =
    parent?.type === 'group' ? parent.children.map((id) => byId.get(id) as PlanNode) : [node];
  const height = node.rows.length === 0 ? 30 : 32 + node.rows.length * rowPx;
  return { width: Math.max(...alike.map(widthOf)), height };
}

/** Of its name with room around it, and of a cell for each region that is drawn once. */
function nameWidth({ key, alike }: PlanNode): number {
  if (alike === undefined) return key.length * nameLetterPx + 40;
  const letters = key.length + ` ×${alike.length}`.length;
  return letters * nameLetterPx + alike.length * cellPx + 52;
}

function widthOf(node: PlanNode): number {
  const { rows } = node;
  const lines = rows.map(({ kind, text }) => (kind === 'entry' ? 6 : 2) + text.length);
  const widest = Math.max(64, nameWidth(node), ...lines.map((n) => n * letterPx + 26));
  return Math.ceil(widest / 4) * 4;
}

function elkEdge({ id, source, target, labels }: PlanEdge, isBackwards: boolean): ElkExtendedEdge {
  const longest = Math.max(0, ...labels.map((label) => label.length));
  const label = {
    text: labels.join('\n'),
    width: Math.ceil(longest * letterPx + 10),
    height: labels.length * linePx + 2,
    // On the root this option does nothing.
    layoutOptions: { 'elk.edgeLabels.inline': 'true' },
  };
  return {
    id,
    sources: [isBackwards ? target : source],
    targets: [isBackwards ? source : target],
    labels: labels.length === 0 ? [] : [label],
  };
}
