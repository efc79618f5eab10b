/** Reads for people and quotas: pages of runs, journals, evaluations, and counts. They take no locks. */
import { asRunId, type RunId } from '../../../domain/ids.ts';
import type { RunStatus } from '../../../../machines/run.ts';
import type { EvaluationRow, JournalRow, QuestionRow, RunRow } from '../../rows.ts';
import type { Pool } from '../link/pool.ts';
import { epochMs, runFields, runRow } from './run-reads.ts';
import { int, text, texts, uuid, statement } from '../link/statement.ts';

const oneRunStatement = statement(
  'run_one',
  `select ${runFields} from heddle.runs r where r.tenant = $1::text and r.run_id = $2::uuid`,
);

export async function oneRun(pool: Pool, tenant: string, runId: RunId): Promise<RunRow | null> {
  const call = { statement: oneRunStatement, params: [text(tenant), uuid(runId)] };
  const row = (await pool.read([call])).get(call)?.[0];
  return row === undefined ? null : runRow(row);
}

/** Read backward through the primary key: ids sort by age, so the newest runs come first. */
const listRunsStatement = statement(
  'runs_list',
  `select ${runFields} from heddle.runs r
    where r.tenant = $1::text and ($2::text[] is null or r.status = any($2::text[]))
      and ($3::text is null or r.agent = $3::text)
      and ($4::text is null or r.pipeline = $4::text)
      and r.run_id < coalesce($5::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
    order by r.run_id desc limit $6::int`,
);

export async function listRuns(
  pool: Pool,
  query: {
    readonly tenant: string;
    readonly statuses: readonly RunStatus[] | null;
    readonly agent: string | null;
    readonly pipeline: string | null;
    readonly beforeRunId: RunId | null;
    readonly limit: number;
  },
): Promise<RunRow[]> {
  const params = [
    text(query.tenant),
    query.statuses === null ? text(null) : texts(query.statuses),
    text(query.agent),
    text(query.pipeline),
    uuid(query.beforeRunId),
    int(query.limit),
  ];
  const call = { statement: listRunsStatement, params };
  return ((await pool.read([call])).get(call) ?? []).map(runRow);
}

const journalStatement = statement(
  'journal_read',
  `select j.turn, j.build, j.entries, ${epochMs('j.at')} from heddle.journal j
    where j.tenant = $1::text and j.run_id = $2::uuid and j.turn > $3::int
    order by j.turn limit $4::int`,
);

export async function readJournal(
  pool: Pool,
  query: {
    readonly tenant: string;
    readonly runId: RunId;
    readonly afterTurn: number;
    readonly limit: number;
  },
): Promise<JournalRow[]> {
  const params = [text(query.tenant), uuid(query.runId), int(query.afterTurn), int(query.limit)];
  const call = { statement: journalStatement, params };
  return ((await pool.read([call])).get(call) ?? []).map(([turn, build, entries, at]) => ({
    turn: Number(turn),
    build: build ?? null,
    entriesText: entries ?? '',
    atMs: Number(at),
  }));
}

const questionFields = `tenant, run_id, invocation_id, incarnation, question, answered,
    ${epochMs('asked_at')}`;

const runQuestionsStatement = statement(
  'questions_run',
  `select ${questionFields} from heddle.questions
    where tenant = $1::text and run_id = $2::uuid
    order by asked_at, run_id, invocation_id limit $3::int`,
);

const tenantQuestionsStatement = statement(
  'questions_tenant',
  `select ${questionFields} from heddle.questions
    where tenant = $1::text and not answered
    order by asked_at, run_id, invocation_id limit $2::int`,
);

export async function readQuestions(
  pool: Pool,
  query: { readonly tenant: string; readonly runId: RunId | null; readonly limit: number },
): Promise<QuestionRow[]> {
  const { tenant, runId, limit } = query;
  const call =
    runId === null
      ? { statement: tenantQuestionsStatement, params: [text(tenant), int(limit)] }
      : { statement: runQuestionsStatement, params: [text(tenant), uuid(runId), int(limit)] };
  return ((await pool.read([call])).get(call) ?? []).map((fields) => {
    const [, run, invocationId, incarnation, questionText, answered, askedAt] = fields;
    return {
      tenant,
      runId: asRunId(run ?? ''),
      invocationId: invocationId ?? '',
      incarnation: Number(incarnation),
      questionText: questionText ?? '',
      answered: answered === 't',
      askedAtMs: Number(askedAt),
    };
  });
}

const evaluationsStatement = statement(
  'evaluations_read',
  `select evaluation_id, evaluator_run_id, score, rationale from heddle.evaluations
    where tenant = $1::text and subject_run_id = $2::text
    order by evaluation_id limit $3::int`,
);

export async function readEvaluations(
  pool: Pool,
  query: { readonly tenant: string; readonly subjectRunId: RunId; readonly limit: number },
): Promise<EvaluationRow[]> {
  const { tenant, subjectRunId } = query;
  const params = [text(tenant), text(subjectRunId), int(query.limit)];
  const call = { statement: evaluationsStatement, params };
  return ((await pool.read([call])).get(call) ?? []).map(([id, evaluator, score, rationale]) => ({
    tenant,
    evaluationId: id ?? '',
    subjectRunId,
    evaluatorRunId: evaluator ?? '',
    score: Number(score),
    rationale: rationale ?? '',
  }));
}

/**
 * An entry is counted by its first version. Open runs are read from the partial index, which holds
 * those of all tenants by shard.
 */
const usageStatement = statement(
  'usage',
  `select
      (select count(*) from heddle.runs where ended_at is null and tenant = $1::text),
      (select count(*) from heddle.runs
        where ended_at is null and tenant = $1::text and status = 'queued'),
      (select count(*) from heddle.channels where tenant = $1::text),
      (select count(*) from heddle.memory_versions where tenant = $1::text and version = 1)`,
);

export async function readUsage(
  pool: Pool,
  tenant: string,
): Promise<{
  readonly openRuns: number;
  readonly queuedRuns: number;
  readonly channels: number;
  readonly memoryEntries: number;
}> {
  const call = { statement: usageStatement, params: [text(tenant)] };
  const [openRuns, queuedRuns, channels, memoryEntries] =
    (await pool.read([call])).get(call)?.[0] ?? [];
  return {
    openRuns: Number(openRuns),
    queuedRuns: Number(queuedRuns),
    channels: Number(channels),
    memoryEntries: Number(memoryEntries),
  };
}

/** A transaction that writes takes the next number, and one that only reads takes none. */
const activityStatement = statement(
  'activity',
  `select pg_snapshot_xmax(pg_current_snapshot())::text,
    pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::text`,
);

export async function readActivity(
  pool: Pool,
): Promise<{ readonly transactions: number; readonly walBytes: number }> {
  const call = { statement: activityStatement, params: [] };
  const [transactions, walBytes] = (await pool.read([call])).get(call)?.[0] ?? [];
  return { transactions: Number(transactions), walBytes: Number(walBytes) };
}

/**
 * Lists the tenants from the keys of their runs, because no table holds tenants. These reads take no
 * locks.
 *
 * One step in the primary key from each tenant to the next, so the cost grows only with their number.
 */
const allTenantsStatement = statement(
  'tenants_all',
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
  `select distinct tenant from heddle.runs
    where ended_at is null and starts_with(tenant, $1::text) limit $2::int`,
);

export async function listTenants(
  pool: Pool,
  query: { readonly prefix: string; readonly open: boolean; readonly limit: number },
): Promise<string[]> {
  const statement = query.open ? openTenantsStatement : allTenantsStatement;
  const call = { statement, params: [text(query.prefix), int(query.limit)] };
  return ((await pool.read([call])).get(call) ?? []).map(([tenant]) => tenant ?? '');
}
