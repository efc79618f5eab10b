/**
 * Runs, their journals and checkpoints: one row per run, one journal row per turn. It owns these tables; the check
 * before a turn is written is in `turns.ts`.
 *
 * Invariants:
 * 1. A run is written once: a known run id or idempotency key changes nothing. It is written with its
 *    inbox row `start`, unless it begins with a turn.
 * 2. An ended run's row never changes again.
 */
import type { Asked, Answer } from '../port.ts';
import type { AnswerIn, AskedIn } from '../caller-port.ts';
import type { StatusChange, TurnCommit } from '../batch.ts';
import type { FateOf, Fates } from '../fates.ts';
import type {
  CheckpointRow,
  LoadedRun,
  NewRun,
  RunAddress,
  RunRow,
  StartArrival,
} from '../rows.ts';
import { refuseGroups, type Started } from '../start-groups.ts';
import type { Database } from './database.ts';
import { runKey } from './stored-rows.ts';
import { inboxOf, insertInbox, type Wakes } from './inbox.ts';
import { join, own } from './table.ts';

export function insertRun(db: Database, run: StartArrival): void {
  const { startText: _, group: __, request: ___, ...fields } = run;
  db.tables.runs.put(
    own({
      ...fields,
      status: 'queued',
      reason: null,
      turn: 0,
      build: null,
      chartText: null,
      heldText: null,
      outputText: null,
      error: null,
      createdAtMs: db.now(),
      endedAtMs: null,
    }),
  );
}

/** Writes a queued run with its inbox row `start`. Returns the run that existed before, or null. */
export function queueRun(db: Database, run: NewRun, wakes: Wakes): RunRow | null {
  const known = findRun(db, run);
  if (known !== null) return known;
  insertRun(db, run);
  const { tenant, runId, shard } = run;
  const start = { kind: 'start', ref: null, payloadText: null, key: 'start' } as const;
  insertInbox(db, { tenant, runId, shard, ...start }, wakes);
  return null;
}

/** Queues the starts that have no fate yet. */
export function arriveStarts(
  db: Database,
  starts: readonly StartArrival[],
  fates: Fates,
  wakes: Wakes,
): void {
  const skipped = (index: number): boolean => fates.of('starts', index) !== null;
  const before = startedBefore(db, starts);
  const misused = refuseGroups(starts, skipped, before, ({ startText }) => startText ?? null);
  for (const [index, fate] of misused) fates.put('starts', index, fate);
  starts.forEach((run, index) => {
    if (!skipped(index)) fates.put('starts', index, arriveStart(db, run, wakes));
  });
}

function arriveStart(db: Database, run: StartArrival, wakes: Wakes): FateOf['starts'] | null {
  const known = queueRun(db, run, wakes);
  if (known !== null) return { kind: 'existing', run: addressOf(known) };
  const { tenant, runId, startText } = run;
  if (startText !== undefined) db.tables.startTexts.put({ tenant, runId, startText });
  return null;
}

function startedBefore(db: Database, starts: readonly StartArrival[]): Started {
  const before: Started = { holders: new Map(), keys: new Map() };
  for (const start of starts) {
    const { tenant, runId, idempotencyKey: key } = start;
    const there = db.tables.runs.get(runKey(start));
    if (there !== undefined) before.keys.set(`${tenant}\u0000${runId}`, there.idempotencyKey);
    const run = key === null ? undefined : db.tables.runs.by('idempotency', join(tenant, key))[0];
    if (run === undefined) continue;
    const mark = db.tables.startTexts.get(runKey(run))?.startText ?? null;
    before.holders.set(`${tenant}\u0000${key}`, { runId: run.runId, mark });
  }
  return before;
}

/** The run that has this one's id, or else its idempotency key. */
export function findRun(db: Database, run: NewRun): RunRow | null {
  const known = db.tables.runs.get(runKey(run));
  if (known !== undefined || run.idempotencyKey === null) return known ?? null;
  return db.tables.runs.by('idempotency', join(run.tenant, run.idempotencyKey))[0] ?? null;
}

export const addressOf = (run: RunAddress): RunAddress => ({
  tenant: run.tenant,
  runId: run.runId,
  shard: run.shard,
});

/** Writes the run's row and journal for a turn. */
export function writeTurn(db: Database, run: RunRow, turn: TurnCommit): void {
  db.tables.runs.put(
    own({
      ...run,
      status: turn.status,
      reason: turn.reason,
      turn: run.turn + 1,
      build: turn.build,
      chartText: turn.chartText,
      heldText: turn.heldText,
      outputText: turn.ended?.outputText ?? null,
      error: turn.ended?.error ?? null,
      endedAtMs: turn.ended === null ? null : db.now(),
    }),
  );
  const { tenant, runId } = run;
  if (turn.checkpoint === true && turn.chartText !== null) {
    const { build, chartText } = turn;
    db.tables.checkpoints.put({ tenant, runId, turn: run.turn + 1, build, chartText });
  }
  if (turn.journalText === null) return;
  const { build, status, journalText: entriesText } = turn;
  const entry = { turn: run.turn + 1, build, entriesText, atMs: db.now(), status };
  db.tables.journal.put({ tenant, runId, ...entry });
}

export function writeStatus(db: Database, run: RunRow, change: StatusChange): void {
  db.tables.runs.put(own({ ...run, status: change.status, reason: change.reason }));
}

export function load(db: Database, runs: readonly RunAddress[]): (LoadedRun | null)[] {
  return runs.map((at) => {
    const run = db.tables.runs.get(runKey(at));
    return run === undefined ? null : { run, ...inboxOf(db, run) };
  });
}

const byRunId = (a: RunRow, b: RunRow): number => (a.runId < b.runId ? -1 : 1);

export function openRuns(db: Database, query: Asked<'open'>): Answer<'open'> {
  const after = query.afterRunId ?? '';
  return query.shards
    .flatMap((shard) => db.tables.runs.by('shard', String(shard)))
    .filter((run) => run.runId > after && query.statuses.includes(run.status))
    .sort(byRunId)
    .slice(0, query.limit)
    .map((run) => ({ ...run, hasInbox: db.tables.inbox.count('run', runKey(run)) > 0 }));
}

export function listRuns(db: Database, query: AskedIn<'runs'>): AnswerIn<'runs'> {
  return db.tables.runs
    .by('tenant', query.tenant)
    .filter(
      (run) =>
        (query.statuses === null || query.statuses.includes(run.status)) &&
        (query.agent === null || run.agent === query.agent) &&
        (query.pipeline === null || run.pipeline === query.pipeline) &&
        (query.beforeRunId === null || run.runId < query.beforeRunId),
    )
    .sort((a, b) => byRunId(b, a))
    .slice(0, query.limit);
}

export function listTenants(db: Database, query: Asked<'tenants'>): Answer<'tenants'> {
  const rows = db.tables.runs.all().filter((run) => !query.open || run.endedAtMs === null);
  const names = new Set(rows.map((run) => run.tenant));
  return [...names].filter((name) => name.startsWith(query.prefix)).slice(0, query.limit);
}

export function readJournal(db: Database, query: AskedIn<'journal'>): AnswerIn<'journal'> {
  const all = db.tables.journal.by('run', runKey(query)).sort((a, b) => a.turn - b.turn);
  const rows =
    'afterTurn' in query
      ? all.filter((row) => row.turn > query.afterTurn).slice(0, query.limit)
      : all.filter((row) => row.turn < query.beforeTurn).slice(-query.limit);
  return rows.map(({ turn, build, entriesText, atMs, status }) => {
    return { turn, build, entriesText, atMs, status };
  });
}

/** The newest checkpoint of this turn or an earlier one. */
export function readCheckpoint(db: Database, query: AskedIn<'checkpoint'>): CheckpointRow | null {
  const [newest] = db.tables.checkpoints
    .by('run', runKey(query))
    .filter(({ turn }) => turn <= query.turn)
    .sort((a, b) => b.turn - a.turn);
  if (newest === undefined) return null;
  const { turn, build, chartText } = newest;
  return { turn, build, chartText };
}
