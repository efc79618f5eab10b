/** The runs that a run has started, and those that these have started, as a tree. */
import { tenantIn } from '../../access/scopes.ts';
import { heddleError } from '../../domain/errors.ts';
import { asWhole } from '../../domain/field.ts';
import { asRunId } from '../../domain/ids.ts';
import { asOptions } from '../../domain/options.ts';
import type { TenantScope } from '../../domain/scope.ts';
import type { RunLine } from '../../store/ports/listing-port.ts';
import type { Store } from '../../store/port.ts';

/** How much of a tree is wanted. */
export type ChildrenQuery = {
  /** The tenant. Default `default`. */
  readonly tenant?: string;
  /** Generations below the run, 1 to 16. Default 4. */
  readonly depth?: number;
  /** How many runs at most, 1 to 1,000. Default 200. */
  readonly limit?: number;
};

/** A run below another. */
export type ChildLine = RunLine & {
  /** How far below: 1 for a run that the other has started itself. */
  readonly depth: number;
};

/** The runs below a run: each stands behind its parent, generation by generation. */
export type RunChildren = {
  /** The runs. */
  readonly runs: readonly ChildLine[];
  /** True: there are more, deeper ones or beside these. */
  readonly isCut: boolean;
};

export async function childrenOf(
  store: Pick<Store, 'run' | 'childrenOf'>,
  runId: string,
  given: ChildrenQuery,
  within: TenantScope,
): Promise<RunChildren> {
  const query = asOptions(given, 'children', ['tenant', 'depth', 'limit']);
  const scope = tenantIn(within, query.tenant, 'children.tenant');
  const depthMax = asWhole(query.depth, 'children.depth', { min: 1, max: 16, fallback: 4 });
  const most = asWhole(query.limit, 'children.limit', { min: 1, max: 1_000, fallback: 200 });
  const id = asRunId(runId);
  if ((await store.run(scope, id)) === null) throw heddleError('run-unknown', { runId });
  const runs: ChildLine[] = [];
  let parents = [id];
  for (let depth = 1; ; depth++) {
    // One more than there is room for tells that there are more; beyond the depth, one is enough.
    const limit = depth > depthMax ? 1 : most - runs.length + 1;
    const found = await store.childrenOf(scope, { parents, limit });
    const fitting = depth > depthMax ? [] : found.slice(0, limit - 1);
    runs.push(...fitting.map((run) => ({ ...run, depth })));
    if (found.length > fitting.length) return { runs, isCut: true };
    if (found.length === 0) return { runs, isCut: false };
    parents = found.map((run) => run.runId);
  }
}
