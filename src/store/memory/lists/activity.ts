/** What was going on, as it was counted: see operations-port.ts. It owns the rows. */
import {
  activityBounds,
  type ActivityCounts,
  type StatusCounts,
} from '../../ports/operations-port.ts';
import type { Answer, Asked } from '../../port.ts';
import type { RunRow } from '../../rows.ts';
import type { Database } from '../database.ts';
import { holds } from '../shards.ts';
import { join, own } from '../table.ts';

const { openMax, usersMax, gatesMax, kept } = activityBounds;
const [fine, coarse] = kept;
const startOf = (ms: number, stepMs: number): number => Math.floor(ms / stepMs) * stepMs;

export function noteActivity(
  db: Database,
  { replicaId, epoch }: Asked<'noteActivity'>,
): Answer<'noteActivity'> {
  const atMs = startOf(db.now(), fine.stepMs);
  const nextInMs = Math.max(1, Math.ceil(atMs + fine.stepMs - db.now()));
  const { activity } = db.tables;
  const isThere = activity.get(join(fine.stepMs, atMs)) !== undefined;
  if (!holds(db, 0, replicaId, epoch) || isThere) return { counted: null, nextInMs };
  const counts = countsOf(db);
  activity.put({ stepMs: fine.stepMs, atMs, counts });
  const minute = { stepMs: coarse.stepMs, atMs: startOf(atMs, coarse.stepMs), counts };
  if (activity.get(join(minute.stepMs, minute.atMs)) === undefined) activity.put(minute);
  for (const { stepMs, keptMs } of kept) {
    for (const row of activity.by('step', String(stepMs))) {
      if (row.atMs < atMs - keptMs) activity.remove(join(stepMs, row.atMs));
    }
  }
  return { counted: counts.statuses, nextInMs };
}

function countsOf(db: Database): ActivityCounts {
  const open = db.tables.runs.all().filter(({ endedAtMs }) => endedAtMs === null);
  const counted = open.slice(0, openMax + 1);
  const slots = db.tables.slots.all().filter(({ call }) => call !== null);
  const gates = db.tables.providers.all().sort((a, b) => (a.gate < b.gate ? -1 : 1));
  const byUser = new Map<string, RunRow[]>();
  for (const run of counted) {
    const key = join(run.tenant, run.user);
    byUser.set(key, [...(byUser.get(key) ?? []), run]);
  }
  const ranked = [...byUser.entries()]
    .sort(([a, one], [b, other]) => other.length - one.length || (a < b ? -1 : 1))
    .map(([, runs]) => runs);
  const rest = ranked.slice(usersMax);
  return own({
    statuses: statusesOf(counted),
    inSlots: slots.length,
    isWhole: counted.length <= openMax,
    gates: gates.slice(0, gatesMax).map(({ gate, status, limit, ceiling }) => {
      const inUse = slots.filter(({ provider }) => provider === gate).length;
      return { gate, status, limit, ceiling, inUse };
    }),
    users: ranked.slice(0, usersMax).flatMap((runs) => {
      const [first] = runs;
      if (first === undefined) return [];
      return [{ tenant: first.tenant, user: first.user, statuses: statusesOf(runs) }];
    }),
    rest: { users: rest.length, statuses: statusesOf(rest.flat()) },
  });
}

function statusesOf(runs: readonly Pick<RunRow, 'status'>[]): StatusCounts {
  const counts: { [Status in RunRow['status']]?: number } = {};
  for (const { status } of runs) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

export function activityHistory(
  db: Database,
  { fromMs, toMs, keptStepMs, stepMs, limit }: Asked<'activityHistory'>,
): Answer<'activityHistory'> {
  const rows = db.tables.activity
    .by('step', String(keptStepMs))
    .filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
    .sort((a, b) => a.atMs - b.atMs);
  const firsts = new Map<number, (typeof rows)[number]>();
  for (const row of rows) {
    const step = Math.floor(row.atMs / stepMs);
    if (!firsts.has(step)) firsts.set(step, row);
  }
  return [...firsts.values()].slice(0, limit).map(({ atMs, counts }) => ({ atMs, ...counts }));
}
