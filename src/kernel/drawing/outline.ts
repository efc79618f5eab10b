/**
 * A chart as an outline: its states, each within its parent, with what it invokes and where its edges lead. For
 * charts that are too large for a drawing, and for those who cannot see one.
 */
import { createMachine } from 'xstate';
import type { Json } from '../../domain/json.ts';
import { placeOf, type StateNode } from '../chart-nodes.ts';
import type { Edge } from '../port.ts';
import { edgesOf } from './edges.ts';

const nameCharsMax = 200;

/** Throws what XState throws when the definition is none of a chart. */
export function outlineOf(definition: Json): string {
  const machine = createMachine(definition as never);
  const edges = new Map<string, Edge[]>();
  for (const edge of edgesOf(machine).values()) {
    const known = edges.get(edge.source);
    if (known === undefined) edges.set(edge.source, [edge]);
    else known.push(edge);
  }
  return `${linesOf(machine.root, edges).join('\n')}\n`;
}

function linesOf(node: StateNode, edges: ReadonlyMap<string, readonly Edge[]>): string[] {
  const invoked = node.invoke.map(({ id, src }) => {
    const of = typeof src === 'string' && src !== id ? ` (${oneLine(src)})` : '';
    return `invokes ${oneLine(id)}${of}`;
  });
  const led = (edges.get(placeOf(node)) ?? []).map((edge) => edgeLine(node, edge));
  const within = Object.values(node.states).flatMap((state) => linesOf(state, edges));
  const lines = [...invoked, ...led, ...within].map((line) => `  ${line}`);
  return [`${oneLine(node.key)}${marksOf(node)}`, ...lines];
}

function marksOf(node: StateNode): string {
  const isInitial = node.parent?.initial?.target[0] === node;
  const marks = [
    ...(isInitial ? ['initial'] : []),
    ...(node.type === 'final' || node.type === 'parallel' || node.type === 'history'
      ? [node.type]
      : []),
  ];
  return marks.length === 0 ? '' : `  [${marks.join(', ')}]`;
}

/** Targets beside the state are named as in its parent, others by their whole place. */
function edgeLine(node: StateNode, { event, branch, targets }: Edge): string {
  const beside = node.parent === undefined ? null : `${placeOf(node.parent)}.`;
  const names = targets.map((target) => {
    const rest = beside !== null && target.startsWith(beside) ? target.slice(beside.length) : '';
    return oneLine(rest === '' || rest.includes('.') ? target : rest);
  });
  const label = oneLine(event) + (branch === 0 ? '' : ` (${branch + 1})`);
  return `${label} → ${names.length === 0 ? 'stays' : names.join(', ')}`;
}

/** Names are the author's own: none breaks a line, or is without an end. */
function oneLine(name: string): string {
  const text = name.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
  return text.length > nameCharsMax ? `${text.slice(0, nameCharsMax)}…` : text;
}
