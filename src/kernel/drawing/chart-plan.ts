/**
 * What a drawing of a chart holds, before anything has a place: its states with their rows, and its edges. It is made
 * of the chart's definition and is the same in every process.
 *
 * 1. Each edge of the chart stands in one drawn edge, or in one inlet, which names it: so what a turn has taken can
 *    be lit.
 * 2. Regions of the same structure are drawn once, and name all of their places.
 * 3. States with the very same way out are drawn as one group, and say so.
 */
import { createMachine, type AnyStateMachine } from 'xstate';
import type { ChartPlan, PlanEdge, PlanNode, PlanRow } from '../../domain/chart-plan.ts';
import type { Json } from '../../domain/json.ts';
import { placeOf, type StateNode } from '../chart-nodes.ts';
import { edgesOf, type Transition } from './edges.ts';
import { alikeRegions } from './alike-regions.ts';
import { groupedByWayOut } from './ways-out.ts';

/** Throws what XState throws when the definition is none of a chart. */
export function planOf(definition: Json): ChartPlan {
  const machine = createMachine(definition as never);
  const plan = wholePlan(machine);
  return bundled(groupedByWayOut(alikeRegions(plan)));
}

function wholePlan(machine: AnyStateMachine): ChartPlan {
  const nodes: PlanNode[] = [];
  const walk = (node: StateNode, parent: string | null): void => {
    const children = Object.values<StateNode>(node.states);
    nodes.push(planNode(node, parent, children));
    for (const child of children) walk(child, placeOf(node));
  };
  walk(machine.root, null);
  const edges: PlanEdge[] = [];
  for (const [transition, { id, source, event, branch, targets }] of edgesOf(machine)) {
    const peers = peersOf(transition as Transition);
    const [kind, text] = eventWords(event);
    const label = [text, guardWords(transition as Guarded, branch, peers)].filter(Boolean);
    // An edge that stays is an edge to itself.
    for (const target of targets.length === 0 ? [source] : targets) {
      edges.push({
        id: `e${edges.length}`,
        edges: [id],
        source,
        target,
        kind,
        labels: [label.join(' ')],
      });
    }
  }
  return { root: placeOf(machine.root), nodes, edges };
}

function planNode(
  node: StateNode,
  parent: string | null,
  children: readonly StateNode[],
): PlanNode {
  const initial = node.type === 'compound' ? node.initial?.target[0] : undefined;
  return {
    id: placeOf(node),
    key: node.key,
    type: node.type,
    parent,
    children: children.map(placeOf),
    initial: initial === undefined ? null : placeOf(initial),
    rows: rowsOf(node),
    ...(node.type === 'history' ? { isDeep: node.history === 'deep' } : {}),
  };
}

function rowsOf(node: StateNode): PlanRow[] {
  const invokes = node.invoke.map(({ id, src }): PlanRow => {
    const of = typeof src === 'string' ? src : id;
    return { kind: 'invoke', text: of === id ? id : `${of} ${id}` };
  });
  const entries = node.entry.map(nameOf).filter((name) => name !== null);
  return entries.length === 0 ? invokes : [...invokes, { kind: 'entry', text: entries.join(', ') }];
}

/** Null for what XState made of the chart, and for what has no name. */
function nameOf(action: unknown): string | null {
  const { type } = typeof action === 'string' ? { type: action } : (action as { type?: unknown });
  return typeof type === 'string' && !type.startsWith('xstate.') ? type : null;
}

type Guarded = { readonly guard?: unknown };

function peersOf(one: Transition): number {
  const { source, eventType } = one;
  const among =
    eventType === '' || eventType === null ? source.always : source.transitions.get(eventType);
  return among?.length ?? 1;
}

/** `[name]`; of a guard without a name its place; `[else]` for what is taken when no guard before it holds. */
function guardWords({ guard }: Guarded, branch: number, peers: number): string {
  if (guard === undefined || guard === null) return branch > 0 ? '[else]' : '';
  const { type } = typeof guard === 'string' ? { type: guard } : (guard as { type?: unknown });
  if (typeof type === 'string' && type !== '' && type !== 'guard') return `[${type}]`;
  return peers > 2 ? `[case ${branch + 1}]` : '[if]';
}

function eventWords(event: string): readonly [PlanEdge['kind'], string] {
  const [, kind, rest = ''] = /^@(always|after|done|error)(?:\.(.*))?$/s.exec(event) ?? [];
  switch (kind) {
    case 'always':
      return ['always', ''];
    case 'after':
      return ['after', `after ${/^\d+$/.test(rest) ? durationWords(Number(rest)) : rest}`];
    case 'done':
      return ['done', 'done'];
    case 'error':
      return ['error', 'error'];
    default:
      return ['event', event];
  }
}

function durationWords(ms: number): string {
  if (ms > 0 && ms % 3_600_000 === 0) return `${ms / 3_600_000} h`;
  if (ms > 0 && ms % 60_000 === 0) return `${ms / 60_000} min`;
  return ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`;
}

/** Edges between the same two states become one with several lines; those without an event stay apart. */
function bundled(plan: ChartPlan): ChartPlan {
  const bundles = new Map<string, PlanEdge>();
  for (const edge of plan.edges) {
    const key = `${edge.source}\n${edge.target}\n${edge.kind === 'always' ? 'always' : ''}`;
    const known = bundles.get(key);
    const labels = edge.labels.filter((label) => label !== '');
    bundles.set(
      key,
      known === undefined
        ? { ...edge, labels }
        : {
            ...known,
            edges: [...known.edges, ...edge.edges],
            labels: [...new Set([...known.labels, ...labels])],
          },
    );
  }
  return { ...plan, edges: [...bundles.values()] };
}
