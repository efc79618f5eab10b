/** A chart as a table: a row for each way from a state to another, with what is active and what was taken in words. */
import type { JSX } from 'preact';
import type { AgentChart, ChartNode } from '../../client/index.ts';
import { inletId, type LitPlan } from './lit.ts';

const taken = { now: 'this turn', before: 'before' } as const;

type Way = {
  readonly id: string;
  readonly from: string;
  readonly by: string;
  readonly to: string;
  readonly how: 'now' | 'before' | undefined;
};

type Plan = AgentChart['plan'];

export function ChartTable({
  plan,
  lit,
  label,
}: {
  readonly plan: Plan;
  readonly lit: LitPlan;
  readonly label: string;
}): JSX.Element {
  const named = namesOf(plan);
  return (
    <div class="chart-table" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {['state', 'by', 'leads to', 'taken'].map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {plan.nodes.flatMap((node) =>
            waysOf(node, plan, lit).map(({ id: way, from, by, to, how }) => (
              <tr key={way} class={how ?? ''}>
                <td class={`mono ${lit.nodes.has(from) ? 'is-lit' : ''}`}>
                  {named(from)}
                  {lit.nodes.has(from) && ' (active)'}
                </td>
                <td>{by}</td>
                <td class="mono">{named(to)}</td>
                <td>{how === undefined ? '' : taken[how]}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </div>
  );
}

/** The place of a state within its chart, in words. */
function namesOf({ nodes, root }: Plan): (id: string) => string {
  const places = new Map(nodes.map((node) => [node.id, node]));
  const named = (id: string): string => {
    const node = places.get(id);
    if (node?.type === 'group') return `${node.key} in ${named(node.parent ?? root)}`;
    return id.startsWith(`${root}.`) ? id.slice(root.length + 1) : id;
  };
  return named;
}

/** The edges out of the state, and those into it from its group. */
function waysOf(
  { id, rows, parent }: ChartNode,
  { edges }: Plan,
  { edges: lit }: LitPlan,
): readonly Way[] {
  const out = edges
    .filter(({ source }) => source === id)
    .map(({ id: edge, labels, target }): Way => {
      const by = labels.join(', ') || 'always';
      return { id: edge, from: id, by, to: target, how: lit.get(edge) };
    });
  const into = rows.flatMap(({ kind, text }, n): Way[] => {
    const inlet = inletId(id, n);
    const way = { id: inlet, from: parent ?? id, by: text, to: id, how: lit.get(inlet) };
    return kind === 'inlet' ? [way] : [];
  });
  return [...out, ...into];
}
