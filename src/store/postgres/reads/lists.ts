/** Reads for people and quotas: pages of runs, journals, evaluations, and counts. They take no locks. */
import type { Answer, Asked } from '../../port.ts';
import type { AnswerIn, AskedIn } from '../../caller-port.ts';
import type { RunId } from '../../../domain/ids.ts';
import type { RunRow } from '../../rows.ts';
import type { RunStatus } from '../../../../machines/run.ts';
import type { Pool } from '../link/pool.ts';
import { epochMs, runFields, runRow } from './run-reads.ts';
import { int, statement, text, texts, uuid } from '../link/statement.ts';

const oneRunStatement = statement(
  'run_one',
  [text, uuid],
  `select ${runFields} from heddle.runs r where r.tenant = $1::text and r.run_id = $2::uuid`,
);

export async function oneRun(pool: Pool, tenant: string, runId: RunId): Promise<RunRow | null> {
  const [row] = await pool.rows(oneRunStatement(tenant, runId));
  return row === undefined ? null : runRow(row);
}

/** Read backward through the primary key: ids sort by age, so the newest runs come first. */
const listRunsStatement = statement(
  'runs_list',
  [text, texts, text, text, uuid, int],
  `select ${runFields} from heddle.runs r
    where r.tenant = $1::text and ($2::text[] is null or r.status = any($2::text[]))
      and ($3::text is null or r.agent = $3::text)
      and ($4::text is null or r.pipeline = $4::text)
      and r.run_id < coalesce($5::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
    order by r.run_id desc limit $6::int`,
);

export async function listRuns(pool: Pool, query: AskedIn<'runs'>): Promise<AnswerIn<'runs'>> {
  const { tenant, statuses, agent, pipeline, beforeRunId, limit } = query;
  const rows = await pool.rows(
    listRunsStatement(tenant, statuses, agent, pipeline, beforeRunId, limit),
  );
  return rows.map(runRow);
}

const journalStatement = statement(
  'journal_read',
  [text, uuid, int, int],
  `select j.turn, j.build, j.entries, ${epochMs('j.at')}, j.status from heddle.journal j
    where j.tenant = $1::text and j.run_id = $2::uuid and j.turn > $3::int
    order by j.turn limit $4::int`,
);

/** Read backward through the primary key. */
const journalEndStatement = statement(
  'journal_read_end',
  [text, uuid, int, int],
  `select j.turn, j.build, j.entries, ${epochMs('j.at')}, j.status from heddle.journal j
    where j.tenant = $1::text and j.run_id = $2::uuid and j.turn < $3::int
    order by j.turn desc limit $4::int`,
);

export async function readJournal(
  pool: Pool,
  query: AskedIn<'journal'>,
): Promise<AnswerIn<'journal'>> {
  const { tenant, runId, limit } = query;
  const rows =
    'afterTurn' in query
      ? await pool.rows(journalStatement(tenant, runId, query.afterTurn, limit))
      : (await pool.rows(journalEndStatement(tenant, runId, query.beforeTurn, limit))).toReversed();
  return rows.map(([turn, build, entries, at, status]) => ({
    turn: Number(turn),
    build: build ?? null,
    entriesText: entries ?? '',
    atMs: Number(at),
    // The row was written from a run's status.
    status: (status ?? null) as RunStatus | null,
  }));
}

const checkpointStatement = statement(
  'checkpoint_read',
  [text, uuid, int],
  `select c.turn, c.build, c.chart from heddle.checkpoints c
    where c.tenant = $1::text and c.run_id = $2::uuid and c.turn <= $3::int
    order by c.turn desc limit 1`,
);

export async function readCheckpoint(
  pool: Pool,
  { tenant, runId, turn }: AskedIn<'checkpoint'>,
): Promise<AnswerIn<'checkpoint'>> {
  const [row] = await pool.rows(checkpointStatement(tenant, runId, turn));
  if (row === undefined) return null;
  const [at, build, chart] = row;
  return { turn: Number(at), build: build ?? null, chartText: chart ?? '' };
}

/**
 * An entry is counted by its first version. Open runs are read from the partial index, which holds
 * those of all tenants by shard.
 */
const usageStatement = statement(
  'usage',
  [text],
  `select
      (select count(*) from heddle.runs where ended_at is null and tenant = $1::text),
      (select count(*) from heddle.runs
        where ended_at is null and tenant = $1::text and status = 'queued'),
      (select count(*) from heddle.channels where tenant = $1::text),
      (select count(*) from heddle.memory_versions where tenant = $1::text and version = 1)`,
);

export async function readUsage(pool: Pool, tenant: string): Promise<Answer<'usage'>> {
  const [counts = []] = await pool.rows(usageStatement(tenant));
  const [openRuns = 0, queuedRuns = 0, channels = 0, memoryEntries = 0] = counts.map(Number);
  return { openRuns, queuedRuns, channels, memoryEntries };
}

/** A transaction that writes takes the next number, and one that only reads takes none. */
const activityStatement = statement(
  'activity',
  [],
  `select pg_snapshot_xmax(pg_current_snapshot())::text,
    pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::text`,
);

export async function readActivity(pool: Pool): Promise<Answer<'activity'>> {
  const [counts = []] = await pool.rows(activityStatement());
  const [transactions = 0, walBytes = 0] = counts.map(Number);
  return { transactions, walBytes };
}

/**
 * Lists the tenants from the keys of their runs, because no table holds tenants. These reads take no
 * locks.
 *
 * One step in the primary key from each tenant to the next, so the cost grows only with their number.
 */
const allTenantsStatement = statement(
  'tenants_all',
  [text, int],
  `with recursive found as (
      (select tenant from heddle.runs where tenant >= $1::text order by tenant limit 1)
      union all
      select (select r.tenant from heddle.runs r where r.tenant > found.tenant
        order by r.tenant limit 1)
      from found where starts_with(found.tenant, $1::text)
    )
    select tenant from found where starts_with(tenant, $1::text) limit $2::int`,
);

/** Ended runs may be millions; open ones have an index of their own, by shard. */
const openTenantsStatement = statement(
  'tenants_open',
  [text, int],
  `select distinct tenant from heddle.runs
    where ended_at is null and starts_with(tenant, $1::text) limit $2::int`,
);

export async function listTenants(pool: Pool, query: Asked<'tenants'>): Promise<Answer<'tenants'>> {
  const list = query.open ? openTenantsStatement : allTenantsStatement;
  const rows = await pool.rows(list(query.prefix, query.limit));
  return rows.map(([tenant]) => tenant ?? '');
}
