/** What an operator sees of the whole: replicas with their shards, and what was going on. */
import { checkAll } from '../../access/scopes.ts';
import { asBoolean, asText, asWhole, refuseField } from '../../domain/field.ts';
import { asOptions } from '../../domain/options.ts';
import type { TenantScope } from '../../domain/scope.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import {
  activityBounds,
  type ActivityRow,
  type ReplicasView,
} from '../../store/ports/operations-port.ts';

/** Which part of the history is wanted. */
export type ActivityQuery = {
  /** From when on, in ms since 1970. Default: an hour before `toMs`. */
  readonly fromMs?: number;
  /** Until when, in ms since 1970. Default: now. */
  readonly toMs?: number;
  /** One count for each so many ms: 5,000, or a multiple of it. Default: as fine as 720 counts are. */
  readonly stepMs?: number;
};

/** Counts of what was going on. Steps at which nothing was counted are left out. */
export type ActivityHistory = {
  /** From when on, in ms since 1970. */
  readonly fromMs: number;
  /** Until when, in ms since 1970. */
  readonly toMs: number;
  /** One count for each so many ms. */
  readonly stepMs: number;
  /** The counts, by time. */
  readonly counts: readonly ActivityRow[];
};

const keys = ['fromMs', 'toMs', 'stepMs'] as const;
const countsMax = 720;
const hourMs = 3_600_000;
const lastMs = 8_640_000_000_000_000;
const [fine, coarse] = activityBounds.kept;

export async function replicasOf(runtime: Runtime, scope: TenantScope): Promise<ReplicasView> {
  checkAll(scope);
  return runtime.store.replicas(runtime.replicaId);
}

/** Which tenants are wanted. */
export type TenantsQuery = {
  /** Those whose names begin so. Default: all. */
  readonly prefix?: string;
  /** Only those that have open runs. Default false. */
  readonly isOpen?: boolean;
  /** How many at most, 1 to 1,000. Default 100. */
  readonly limit?: number;
};

/** A caller of one tenant may name that one alone, and is told nothing of others. */
export async function tenantsOf(
  { store }: Runtime,
  scope: TenantScope,
  query: TenantsQuery,
): Promise<readonly string[]> {
  const given = asOptions(query, 'tenants', ['prefix', 'isOpen', 'limit']);
  const prefix = given.prefix === undefined ? '' : asText(given.prefix, 'tenants.prefix');
  const open = asBoolean(given.isOpen, 'tenants.isOpen', false);
  const limit = asWhole(given.limit, 'tenants.limit', { min: 1, max: 1_000, fallback: 100 });
  if (scope.kind === 'one') return scope.tenant.startsWith(prefix) ? [scope.tenant] : [];
  return store.tenants({ prefix, open, limit });
}

export async function activityOf(
  runtime: Runtime,
  scope: TenantScope,
  query: ActivityQuery,
): Promise<ActivityHistory> {
  checkAll(scope);
  const given = asOptions(query, 'activity', keys);
  // This process's clock only decides which part is asked for: the counts have the database's time.
  const nowMs = Date.now();
  const bounds = { min: 0, max: lastMs };
  const toMs = asWhole(given.toMs, 'activity.toMs', { ...bounds, fallback: nowMs });
  const fallback = Math.max(0, toMs - hourMs);
  const fromMs = asWhole(given.fromMs, 'activity.fromMs', { ...bounds, fallback });
  if (fromMs >= toMs) refuseField('activity.fromMs', 'must be before toMs');
  const isOld = fromMs < nowMs - fine.keptMs - coarse.stepMs;
  const least = isOld ? coarse.stepMs : fine.stepMs;
  const stepMs = asWhole(given.stepMs, 'activity.stepMs', {
    min: fine.stepMs,
    max: lastMs,
    fallback: Math.ceil((toMs - fromMs) / countsMax / least) * least,
  });
  if (stepMs % fine.stepMs !== 0) {
    refuseField('activity.stepMs', `must be a multiple of ${fine.stepMs}`);
  }
  if ((toMs - fromMs) / stepMs > countsMax) {
    refuseField(
      'activity.stepMs',
      `gives more than ${countsMax} counts: ask for fewer or longer steps`,
    );
  }
  const keptStepMs = stepMs % coarse.stepMs === 0 ? coarse.stepMs : fine.stepMs;
  const asked = { fromMs, toMs, stepMs, keptStepMs, limit: countsMax + 1 };
  return { fromMs, toMs, stepMs, counts: await runtime.store.activityHistory(asked) };
}
