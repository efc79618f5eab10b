/** Reads of those who follow runs and channels: see watch-port.ts. It owns no table. */
import type { Answer } from '../port.ts';
import type { RunRow } from '../rows.ts';
import {
  inTenant,
  type ChannelLog,
  type ChannelLogRead,
  type RunBrief,
  type RunLog,
  type RunLogRead,
  type RunState,
  type WatchStore,
} from '../watch-port.ts';
import { readChannel } from './channels.ts';
import type { Database } from './database.ts';
import { readJournal } from './runs.ts';
import { runKey } from './stored-rows.ts';

export function runLog(db: Database, asked: RunLogRead): RunLog | null {
  const read = inTenant(asked);
  const run = db.tables.runs.get(runKey(read));
  if (run === undefined) return null;
  const { shard, status, reason, turn, endedAtMs } = run;
  const rows = readJournal(db, read);
  return { head: { shard, status, reason, turn, endedAtMs }, rows };
}

export function runState(db: Database, read: RunLogRead): RunState | null {
  const log = runLog(db, read);
  const run = db.tables.runs.get(runKey(inTenant(read)));
  if (log === null || run === undefined) return null;
  const { chartText, outputText, error } = run;
  return { ...log, chartText, outputText, error };
}

export function channelLog(db: Database, read: ChannelLogRead): ChannelLog {
  const { cursor, head, messages } = readChannel(db, {
    ...inTenant(read),
    group: null,
    from: 'latest',
  });
  return { after: cursor, head, rows: messages };
}

export function briefsOf(
  db: Database,
  runs: Parameters<WatchStore['briefs']>[0],
): Answer<'briefs'> {
  return runs.flatMap((at) => {
    const run = db.tables.runs.get(runKey(at));
    return run === undefined ? [] : brief(run);
  });
}

export function openBriefs(
  db: Database,
  { shard, after, limit }: Parameters<WatchStore['openBriefs']>[0],
): Answer<'openBriefs'> {
  return db.tables.runs
    .by('shard', String(shard))
    .filter((run) => run.endedAtMs === null && (after === null || isAbove(run, after)))
    .sort((a, b) => (isAbove(a, b) ? 1 : -1))
    .slice(0, limit)
    .map(brief);
}

type Key = Pick<RunRow, 'tenant' | 'runId'>;

const isAbove = (run: Key, other: Key): boolean =>
  run.tenant === other.tenant ? run.runId > other.runId : run.tenant > other.tenant;

export function brief(run: RunRow): RunBrief {
  const { tenant, runId, shard, agent, version, user, pipeline, status, reason, turn } = run;
  const { createdAtMs, endedAtMs, parent } = run;
  const of = { tenant, runId, shard, agent, version, user, pipeline, status, reason, turn };
  return { ...of, createdAtMs, endedAtMs, parentRunId: parent?.runId ?? null };
}
