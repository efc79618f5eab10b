/** A chart as nested lists: for large charts, for small screens, and for those who cannot see a drawing. */
import type { JSX } from 'preact';
import type { AgentChart, ChartEdge, ChartNode } from '../../client/index.ts';
import { inletId, type LitPlan } from './lit.ts';

type Plan = AgentChart['plan'];

export function ChartOutline({
  plan,
  lit,
  label,
}: {
  readonly plan: Plan;
  readonly lit: LitPlan;
  readonly label: string;
}): JSX.Element {
  const byId = new Map(plan.nodes.map((node) => [node.id, node]));
  const out = new Map<string, ChartEdge[]>();
  for (const edge of plan.edges) out.set(edge.source, [...(out.get(edge.source) ?? []), edge]);
  const root = byId.get(plan.root);
  const names = (id: string): string => byId.get(id)?.key ?? id;
  const item = (node: ChartNode): JSX.Element => {
    const parent = node.parent === null ? undefined : byId.get(node.parent);
    const marks = [
      ...(parent?.initial === node.id ? ['initial'] : []),
      ...(['final', 'parallel', 'history'].includes(node.type) ? [node.type] : []),
      ...(node.alike === undefined ? [] : [`×${node.alike.length}`]),
    ];
    const isLit = lit.nodes.has(node.id);
    return (
      <li
        key={node.id}
        class={isLit ? 'is-lit' : ''}
        aria-current={isLit && node.children.length === 0 ? 'step' : undefined}
      >
        <b>{node.key}</b> <span class="quiet">{marks.join(', ')}</span>
        {isLit && node.children.length === 0 && <span class="outline-active"> active</span>}
        {node.rows.map((row, n) => (
          <div key={row.text} class={`outline-row ${lit.edges.get(inletId(node.id, n)) ?? ''}`}>
            {row.kind === 'invoke' ? 'invokes' : row.kind === 'entry' ? 'on entry' : 'comes by'}{' '}
            {row.text}
          </div>
        ))}
        {(out.get(node.id) ?? []).map((edge) => (
          <div key={edge.id} class={`outline-row ${lit.edges.get(edge.id) ?? ''}`}>
            {edge.labels.join(', ') || 'always'} → {names(edge.target)}
          </div>
        ))}
        {node.children.length > 0 && (
          <ul>{node.children.flatMap((id) => byId.get(id) ?? []).map(item)}</ul>
        )}
      </li>
    );
  };
  return (
    <div class="chart-outline" tabIndex={0} role="region" aria-label={label}>
      <ul>{root === undefined ? null : item(root)}</ul>
    </div>
  );
}
