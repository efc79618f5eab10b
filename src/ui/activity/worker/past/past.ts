/** What was before this page watched: the drawn runs out of their journals and attempts, and the counts of every 5 s. */
import type { ActivityCount, WeavePast } from '../../../../client/index.ts';

export type Past = {
  readonly weave: WeavePast;
  /** Null: this caller may not see them, or nothing answered. */
  readonly counts: readonly ActivityCount[] | null;
};

export const pastMs = 15 * 60_000;
/**
 * What is to be added to the database's times. The read was done between question and answer: as long as its time
 * lies there, the clocks agree as far as anybody can tell.
 */
export function aheadBy(
  readMs: number,
  { askedMs, answeredMs }: { readonly askedMs: number; readonly answeredMs: number },
): number {
  if (readMs < askedMs) return askedMs - readMs;
  return readMs > answeredMs ? answeredMs - readMs : 0;
}

export function shifted(weave: WeavePast, byMs: number): WeavePast {
  if (byMs === 0) return weave;
  return {
    ...weave,
    atMs: weave.atMs + byMs,
    fromMs: weave.fromMs + byMs,
    wholeFromMs: weave.wholeFromMs + byMs,
    runs: weave.runs.map((run) => ({
      ...run,
      createdAtMs: run.createdAtMs + byMs,
      steps: run.steps.map((step) => ({ ...step, atMs: step.atMs + byMs })),
    })),
  };
}

/** The counts of one tenant. They are made of all tenants together; null where they cannot be told apart. */
export function ofTenant(count: ActivityCount, tenant: string): ActivityCount | null {
  const { users, rest } = count;
  if (users.every((user) => user.tenant === tenant)) return count;
  if (rest.users > 0) return null;
  const statuses: Record<string, number> = {};
  for (const user of users) {
    if (user.tenant !== tenant) continue;
    for (const [status, n] of Object.entries(user.statuses))
      statuses[status] = (statuses[status] ?? 0) + n;
  }
  return { ...count, statuses };
}
