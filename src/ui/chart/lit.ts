/** What of a drawing is lit: states that are active, edges of this turn, edges that were taken before. */
import type { AgentChart, ChartNode } from '../../client/index.ts';

export type Light = {
  /** Places of active states. */
  readonly active: ReadonlySet<string>;
  /** Edges of the chart that this turn has taken, and those of turns before it. */
  readonly now: ReadonlySet<string>;
  readonly before: ReadonlySet<string>;
};

export const dark: Light = { active: new Set(), now: new Set(), before: new Set() };

export type LitPlan = {
  /** Drawn states that are active, one of regions drawn once too. */
  readonly nodes: ReadonlySet<string>;
  /** Of regions that are drawn once: those of which something but an end is active. */
  readonly regions: ReadonlySet<string>;
  readonly edges: ReadonlyMap<string, 'now' | 'before'>;
};

export function litPlan({ nodes, edges }: AgentChart['plan'], light: Light): LitPlan {
  const alike = nodes.filter(({ alike: regions }) => regions !== undefined);
  const finals = new Set(nodes.filter(({ type }) => type === 'final').map(({ id }) => id));
  const lit = new Set<string>();
  const regions = new Set<string>();
  for (const place of light.active) {
    const [drawn, region] = drawnPlace(place, alike);
    lit.add(drawn);
    if (region !== null && place !== region && !finals.has(drawn)) regions.add(region);
  }
  // A group is lit with what is in it.
  for (const { id, type, children } of nodes) {
    if (type === 'group' && children.some((child) => lit.has(child))) lit.add(id);
  }
  const taken = new Map<string, 'now' | 'before'>();
  const how = (ids: readonly string[]): 'now' | 'before' | null => {
    if (ids.some((id) => light.now.has(id))) return 'now';
    return ids.some((id) => light.before.has(id)) ? 'before' : null;
  };
  for (const edge of edges) {
    const is = how(edge.edges);
    if (is !== null) taken.set(edge.id, is);
  }
  for (const { id, rows } of nodes) {
    for (const [at, row] of rows.entries()) {
      const is = how(row.edges ?? []);
      if (is !== null) taken.set(inletId(id, at), is);
    }
  }
  return { nodes: lit, regions, edges: taken };
}

export const inletId = (node: string, row: number): string => `${node} row ${row}`;

/** Where a state is drawn, and the region that it belongs to where regions are drawn once. */
function drawnPlace(place: string, alike: readonly ChartNode[]): readonly [string, string | null] {
  for (const node of alike) {
    for (const { id } of node.alike ?? []) {
      if (place === id || place.startsWith(`${id}.`)) {
        return [node.id + place.slice(id.length), id];
      }
    }
  }
  return [place, null];
}
