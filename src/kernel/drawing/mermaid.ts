/**
 * A chart as text for Mermaid's `stateDiagram-v2`, made of its definition. Mermaid puts a state into the last
 * composite that names it, cannot draw an edge across parallel regions nor one to a composite within a region, and
 * has words and signs of its own. So:
 *
 * 1. Each state has a made-up id (`s0`, `s1` …) and is declared once, in its own composite; its name is its label.
 * 2. Each edge stands in the innermost composite that holds both of its ends, before the states in it: so the last
 *    composite that names a state is its own.
 * 3. An edge that Mermaid cannot draw, one with several targets too, stands as a line of the note at its source.
 * 4. Signs that Mermaid may read as its own are written as its codes for characters. Long names are cut.
 */
import { createMachine, type AnyStateMachine } from 'xstate';
import type { Json } from '../../domain/json.ts';
import { nodesOf, placeOf, type StateNode } from '../chart-nodes.ts';
import type { Edge } from '../port.ts';
import { edgesOf } from './edges.ts';

type Drawing = {
  readonly ids: ReadonlyMap<StateNode, string>;
  /** By the state in whose composite the edge stands. */
  readonly edges: ReadonlyMap<StateNode, readonly string[]>;
  readonly notes: ReadonlyMap<StateNode, readonly string[]>;
};

/** Throws what XState throws when the definition is none of a chart. */
export function mermaidOf(definition: Json): string {
  const machine = createMachine(definition as never);
  const drawing = drawingOf(machine);
  const lines = ['stateDiagram-v2', ...stateLines(machine.root, drawing)];
  return `${lines.join('\n')}\n`;
}

function drawingOf(machine: AnyStateMachine): Drawing {
  const nodes = nodesOf(machine);
  const ids = new Map(nodes.map((node, at) => [node, `s${at}`]));
  const byPlace = new Map(nodes.map((node) => [placeOf(node), node]));
  const edges = new Map<StateNode, string[]>();
  const notes = new Map<StateNode, string[]>();
  const add = (to: Map<StateNode, string[]>, at: StateNode, line: string): void => {
    const lines = to.get(at);
    if (lines === undefined) to.set(at, [line]);
    else lines.push(line);
  };
  for (const edge of edgesOf(machine).values()) {
    const source = byPlace.get(edge.source) as StateNode;
    const targets = edge.targets.map((place) => byPlace.get(place) as StateNode);
    const [target = source] = targets;
    const home = targets.length > 1 ? null : homeOf(source, target);
    const label = labelOf(edge);
    if (home === null) add(notes, source, `${label} → ${targets.map(nameOf).join(', ')}`);
    else add(edges, home, `${ids.get(source)} --> ${ids.get(target)} : ${label}`);
  }
  return { ids, edges, notes };
}

/** The composite in which an edge between these two may stand; null: in none. */
function homeOf(source: StateNode, target: StateNode): StateNode | null {
  const around = ancestors(source);
  const aroundTarget = ancestors(target);
  if (around.includes(target) || aroundTarget.includes(source)) return null;
  const home = around.find((node) => aroundTarget.includes(node));
  if (home === undefined || home.type === 'parallel') return null;
  const isOfComposite = [source, target].some((node) => Object.keys(node.states).length > 0);
  const isInRegion = ancestors(home).some((node) => node.type === 'parallel');
  return isOfComposite && isInRegion ? null : home;
}

function ancestors(node: StateNode): StateNode[] {
  const above: StateNode[] = [];
  for (let at = node.parent; at !== undefined; at = at.parent) above.push(at);
  return above;
}

function stateLines(node: StateNode, drawing: Drawing): string[] {
  const { ids, edges, notes } = drawing;
  const id = ids.get(node) as string;
  const states = Object.values(node.states);
  const within = states.flatMap((state, at) => {
    const divider = node.type === 'parallel' && at > 0 ? ['--'] : [];
    return [...divider, ...stateLines(state, drawing)];
  });
  const initial = node.type === 'compound' ? initialOf(node, ids) : [];
  const inner = [...initial, ...(edges.get(node) ?? []), ...within].map((line) => `  ${line}`);
  const name = `state "${nameOf(node)}" as ${id}`;
  const note = notes.get(node)?.join('<br/>');
  const noted = note === undefined ? [] : [`note right of ${id} : ${note}`];
  const lines = states.length === 0 ? [name] : [`${name} {`, ...inner, '}'];
  return [...lines, ...(node.type === 'final' ? [`${id} --> [*]`] : []), ...noted];
}

function initialOf(node: StateNode, ids: ReadonlyMap<StateNode, string>): string[] {
  const [target] = node.initial?.target ?? [];
  return target === undefined ? [] : [`[*] --> ${ids.get(target)}`];
}

const nameCharsMax = 80;

function labelOf({ event, branch }: Edge): string {
  return safe(event) + (branch === 0 ? '' : ` (${branch + 1})`);
}

function nameOf({ key, type }: StateNode): string {
  return safe(key) + (type === 'history' ? ' (history)' : '');
}

/** As Mermaid's codes: `#58;` is a colon. What is no character becomes one that stands for it. */
function safe(text: string): string {
  const signs = Array.from(text.toWellFormed());
  const cut = signs.length > nameCharsMax ? [...signs.slice(0, nameCharsMax - 1), '…'] : signs;
  const isPlain = /^[\p{L}\p{N}_.@*()…-]$/u;
  const coded = cut.map((sign, at) => {
    const isWithin = at > 0 && at < cut.length - 1;
    return isPlain.test(sign) || (sign === ' ' && isWithin) ? sign : `#${sign.codePointAt(0)};`;
  });
  // A line with `direction LR` anywhere in it is that statement to Mermaid, and nothing else.
  const words = coded.join('').replaceAll(/d(?=irection )/giu, (d) => `#${d.codePointAt(0)};`);
  return words || '(no name)';
}
