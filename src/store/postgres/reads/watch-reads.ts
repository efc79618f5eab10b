/** Reads of those who follow runs and channels: see watch-port.ts. They go by key and take no locks. */
import { asRunId } from '../../../domain/ids.ts';
import type { ErrorRecord } from '../../../domain/errors.ts';
import type { RunStatus } from '../../../../machines/run.ts';
import type { Answer } from '../../port.ts';
import type { JournalRow, ParentAddress } from '../../rows.ts';
import {
  inTenant,
  type RunBrief,
  type RunHead,
  type RunLog,
  type RunLogRead,
  type RunState,
  type WatchStore,
} from '../../watch-port.ts';
import type { Pool } from '../link/pool.ts';
import {
  column,
  int,
  rowStatement,
  runColumns,
  statement,
  text,
  uuid,
  type Fields,
} from '../link/statement.ts';
import { readSet } from './read-set.ts';
import { epochMs } from './run-reads.ts';

export function watchReads(read: Pool): Omit<WatchStore, 'peers'> {
  return {
    runLogs: (reads) => runLogs(read, reads),
    runStates: (reads) => runStates(read, reads),
    channelLogs: async (reads) => {
      const channels = reads.map((one) => {
        return { ...inTenant(one), group: null, from: 'latest' as const };
      });
      const found = await readSet(read, { memory: [], channels });
      return found.channels.map(({ cursor, head, messages }) => {
        return { after: cursor, head, rows: messages };
      });
    },
    briefs: async (runs) =>
      runs.length === 0 ? [] : (await read.rows(briefsStatement(runs))).map(brief),
    openBriefs: async ({ shard, after, limit }) => {
      const { tenant, runId } = after ?? { tenant: '', runId: noRun };
      return (await read.rows(openBriefsStatement(shard, tenant, runId, limit))).map(brief);
    },
  };
}

type LogRead = ReturnType<typeof inTenant<RunLogRead>>;

const logColumns = [
  ...runColumns,
  column.int((read: LogRead) => read.afterTurn),
  column.int((read: LogRead) => read.limit),
];

const logFields = `i.place, r.shard, r.status, r.reason, r.turn, ${epochMs('r.ended_at')},
      j.turn, j.build, j.entries, ${epochMs('j.at')}, j.status`;

const logRows = `
    from unnest($1::text[], $2::uuid[], $3::int[], $4::int[])
      with ordinality as i(tenant, run_id, after, most, place)
    cross join lateral (
      select * from heddle.runs r where r.tenant = i.tenant and r.run_id = i.run_id offset 0
    ) r
    left join lateral (
      select * from heddle.journal j
      where j.tenant = i.tenant and j.run_id = i.run_id and j.turn > i.after
      order by j.turn limit i.most
    ) j on true`;

/** One statement for head and rows, so that both are of one instant. */
const runLogsStatement = rowStatement<LogRead>(
  'run_logs',
  logColumns,
  `select ${logFields} ${logRows}
    order by i.place, j.turn`,
);

/** The state, which may be large, stands beside the first of the rows alone. */
const runStatesStatement = rowStatement<LogRead>(
  'run_states',
  logColumns,
  `select place, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11,
      case when first then chart end, case when first then output end, case when first then error end
    from (
      select ${logFields}, row_number() over (partition by i.place order by j.turn) = 1 as first,
        r.chart, r.output, r.error ${logRows}
    ) as s(place, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, first, chart, output, error)
    order by place, f7`,
);

async function runStates(pool: Pool, reads: readonly RunLogRead[]): Promise<Answer<'runStates'>> {
  if (reads.length === 0) return [];
  const found = reads.map((): RunState | null => null);
  for (const [place, ...fields] of await pool.rows(runStatesStatement(reads.map(inTenant)))) {
    const before = found[Number(place) - 1];
    found[Number(place) - 1] = {
      ...(before ?? { head: headOf(fields), ...stateOf(fields.slice(10)) }),
      rows: [...(before?.rows ?? []), ...rowOf(fields.slice(5))],
    };
  }
  return found;
}

function stateOf([chart, output, error]: Fields): Omit<RunState, 'head' | 'rows'> {
  return {
    chartText: chart || null,
    outputText: output ?? null,
    error: error ? (JSON.parse(error) as ErrorRecord) : null,
  };
}

async function runLogs(pool: Pool, reads: readonly RunLogRead[]): Promise<Answer<'runLogs'>> {
  if (reads.length === 0) return [];
  const found = reads.map((): RunLog | null => null);
  for (const [place, ...fields] of await pool.rows(runLogsStatement(reads.map(inTenant)))) {
    const before = found[Number(place) - 1];
    const rows = before?.rows ?? [];
    found[Number(place) - 1] = {
      head: before?.head ?? headOf(fields),
      rows: [...rows, ...rowOf(fields.slice(5))],
    };
  }
  return found;
}

function headOf([shard, status, reason, turn, endedAt]: Fields): RunHead {
  return {
    shard: Number(shard),
    status: status as RunStatus,
    reason: reason || null,
    turn: Number(turn),
    endedAtMs: endedAt ? Number(endedAt) : null,
  };
}

/** Empty where the reader has seen all turns. */
function rowOf([turn, build, entries, at, status]: Fields): JournalRow[] {
  if (!turn) return [];
  const of = { turn: Number(turn), build: build ?? null, entriesText: entries ?? '' };
  // The row was written from a run's status.
  return [{ ...of, atMs: Number(at), status: (status ?? null) as RunStatus | null }];
}

export const briefFields = `r.tenant, r.run_id, r.shard, r.agent, r.version, r.user_name, r.pipeline, r.status,
      r.reason, r.turn, ${epochMs('r.created_at')}, ${epochMs('r.ended_at')}, r.parent`;

const briefsStatement = rowStatement(
  'run_briefs',
  runColumns,
  `select ${briefFields}
    from unnest($1::text[], $2::uuid[]) as i(tenant, run_id)
    cross join lateral (
      select * from heddle.runs r where r.tenant = i.tenant and r.run_id = i.run_id offset 0
    ) r`,
);

const noRun = '00000000-0000-0000-0000-000000000000';

/** A range of the index of open runs. */
const openBriefsStatement = statement(
  'run_briefs_open',
  [int, text, uuid, int],
  `select ${briefFields} from heddle.runs r
    where r.ended_at is null and r.shard = $1::int and (r.tenant, r.run_id) > ($2::text, $3::uuid)
    order by r.tenant, r.run_id limit $4::int`,
);

export function brief(fields: Fields): RunBrief {
  const [tenant, runId, shard, agent, version, user, pipeline, status, reason, turn] = fields;
  const [createdAt, endedAt, parent] = fields.slice(10);
  return {
    tenant: tenant ?? '',
    runId: asRunId(runId ?? ''),
    shard: Number(shard),
    agent: agent ?? '',
    version: version ?? '',
    user: user ?? '',
    pipeline: pipeline ?? '',
    status: status as RunStatus,
    reason: reason || null,
    turn: Number(turn),
    createdAtMs: Number(createdAt),
    endedAtMs: endedAt ? Number(endedAt) : null,
    parentRunId: parent ? (JSON.parse(parent) as ParentAddress).runId : null,
  };
}
