/** Which runs have stood longest in the line of each gate. Only the memory of their owners knows. */
import { checkAll } from '../../access/scopes.ts';
import type { LineWait } from '../../domain/calls/phase.ts';
import type { TenantScope } from '../../domain/scope.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { ownersOf } from '../relay/owners.ts';

/** `agent`: null where the run is not there any more. */
type NamedWait = LineWait & { readonly agent: string | null };

type LongestWaits = {
  readonly gates: { readonly gate: string; readonly waits: NamedWait[] }[];
  /** Why the lines of some replicas are not among them. */
  readonly unknown: string[];
};

/** A gate is shared by all tenants, so it is for callers of all tenants. */
export async function longestWaits(runtime: Runtime, scope: TenantScope): Promise<LongestWaits> {
  checkAll(scope);
  const { gates, unknown } = await ownersOf(runtime).waits();
  const runs = new Map(gates.flatMap(({ waits }) => waits.map((wait) => [wait.runId, wait])));
  const briefs = await runtime.store.briefs([...runs.values()]);
  const agents = new Map(briefs.map(({ runId, agent }) => [runId, agent]));
  const named = gates.map(({ gate, waits }) => ({
    gate,
    waits: waits.map((wait) => ({ ...wait, agent: agents.get(wait.runId) ?? null })),
  }));
  return { gates: named, unknown: [...unknown] };
}
