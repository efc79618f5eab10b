/** The query for a list of runs. */
import { tenantIn } from '../access/scopes.ts';
import { asOneOf, asWhole } from '../domain/field.ts';
import { asRunId, checkName } from '../domain/ids.ts';
import type { Json } from '../domain/json.ts';
import { asList, asOptions } from '../domain/options.ts';
import type { OneTenant, TenantScope } from '../domain/scope.ts';
import type { Store } from '../store/port.ts';
import type { RunRow } from '../store/rows.ts';
import type { RunStatus } from '../../machines/run.ts';

/** The compiler checks that every status is listed. */
const statuses = {
  queued: true,
  admitted: true,
  'calling-provider': true,
  'running-task': true,
  'waiting-on-channel': true,
  'waiting-on-timer': true,
  'waiting-on-person': true,
  'waiting-on-child': true,
  backoff: true,
  stalled: true,
  paused: true,
  completed: true,
  failed: true,
  cancelled: true,
} satisfies Record<RunStatus, true>;

export const runStatuses = Object.keys(statuses) as RunStatus[];

const endedStatuses: readonly RunStatus[] = ['completed', 'failed', 'cancelled'];
export const openStatuses = runStatuses.filter((status) => !endedStatuses.includes(status));

/** Which runs of a tenant are wanted. A field that is left out restricts nothing. */
export type RunsQuery = {
  /** The tenant. Default `default`. */
  readonly tenant?: string;
  /** Only runs in one of these statuses. */
  readonly statuses?: readonly RunRow['status'][];
  /** Only runs of this agent. */
  readonly agent?: string;
  /** Only runs of this pipeline. */
  readonly pipeline?: string;
  /** For the next page: the last run of the page before. */
  readonly beforeRunId?: string;
  /** How many runs at most, 1 to 1,000. Default 100. */
  readonly limit?: number;
};

const keys = ['tenant', 'statuses', 'agent', 'pipeline', 'beforeRunId', 'limit'] as const;

export function runsQuery(
  given: RunsQuery,
  within: TenantScope,
): { readonly scope: OneTenant; readonly query: Parameters<Store['runs']>[1] } {
  const query = asOptions(given, 'runs', keys);
  const scope = tenantIn(within, query.tenant);
  const asked = {
    statuses: query.statuses === undefined ? null : statusesOf(query.statuses),
    agent: query.agent === undefined ? null : checkName(query.agent, 'runs.agent'),
    pipeline: query.pipeline === undefined ? null : checkName(query.pipeline, 'runs.pipeline'),
    beforeRunId: query.beforeRunId === undefined ? null : asRunId(query.beforeRunId),
    limit: asWhole(query.limit, 'runs.limit', { min: 1, max: 1_000, fallback: 100 }),
  };
  return { scope, query: asked };
}

function statusesOf(given: unknown): RunRow['status'][] {
  const list = asList(given, 'runs.statuses', { max: runStatuses.length, what: 'statuses' });
  return list.map((status) => asOneOf(status as Json, 'runs.statuses', runStatuses));
}
