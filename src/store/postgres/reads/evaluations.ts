/** Evaluations: of one run, listed, and counted. Takes no locks. */
import type { AnswerIn, AskedIn } from '../../caller-port.ts';
import type { EvaluationRow } from '../../ports/evaluation-rows.ts';
import type { Pool } from '../link/pool.ts';
import { int, statement, text, type Fields } from '../link/statement.ts';
import { epochMs } from './run-reads.ts';

const fields = `evaluation_id, subject_run_id, evaluator_run_id, score, rationale, agent, version, by_name,
    ${epochMs('created_at')}`;

const ofRunStatement = statement(
  'evaluations_read',
  [text, text, int],
  `select ${fields} from heddle.evaluations
    where tenant = $1::text and subject_run_id = $2::text
    order by evaluation_id limit $3::int`,
);

export async function readEvaluations(
  pool: Pool,
  { tenant, subjectRunId, limit }: AskedIn<'evaluations'>,
): Promise<AnswerIn<'evaluations'>> {
  const rows = await pool.rows(ofRunStatement(tenant, subjectRunId, limit));
  return rows.map((row) => evaluationOf(tenant, row));
}

/** Read backward through the primary key, or the index of an agent, of a version or of a run. */
const listStatement = statement(
  'evaluations_list',
  [text, text, text, text, text, int],
  `select ${fields} from heddle.evaluations
    where tenant = $1::text
      and ($2::text is null or agent = $2::text) and ($3::text is null or version = $3::text)
      and ($4::text is null or subject_run_id = $4::text)
      and ($5::text is null or evaluation_id < $5::text)
    order by evaluation_id desc limit $6::int`,
);

export async function listEvaluations(
  pool: Pool,
  query: AskedIn<'evaluationList'>,
): Promise<AnswerIn<'evaluationList'>> {
  const { tenant, agent, version, subjectRunId, before, limit } = query;
  const rows = await pool.rows(listStatement(tenant, agent, version, subjectRunId, before, limit));
  return rows.map((row) => evaluationOf(tenant, row));
}

function evaluationOf(tenant: string, row: Fields): EvaluationRow {
  const [id, subject, evaluator, score, rationale, agent, version, by, createdAt] = row;
  return {
    tenant,
    evaluationId: id ?? '',
    subjectRunId: subject ?? '',
    evaluatorRunId: evaluator ?? '',
    score: Number(score),
    rationale: rationale ?? '',
    agent: agent ?? null,
    version: version ?? null,
    by: by ?? null,
    createdAtMs: Number(createdAt),
  };
}

/** Of the newest ones. Every row says how many there were, one more than the bound when there are more. */
const totalsStatement = statement(
  'evaluations_totals',
  [text, text, text, int],
  `with newest as (
      select agent, version, score, row_number() over (order by evaluation_id desc) as place from (
        select evaluation_id, agent, version, score from heddle.evaluations
        where tenant = $1::text and agent is not null
          and ($2::text is null or agent = $2::text) and ($3::text is null or version = $3::text)
        order by evaluation_id desc limit $4::int + 1
      ) e
    )
    select agent, version, count(*), avg(score), min(score), max(score),
      array_to_json(percentile_cont(array[0.25, 0.5, 0.75]) within group (order by score)),
      json_build_array(${Array.from(
        { length: 10 },
        (_, tenth) => `count(*) filter (where least(floor(score * 10), 9) = ${tenth})`,
      ).join(', ')}),
      (select count(*) from newest)
    from newest where place <= $4::int
    group by agent, version order by agent, version`,
);

export async function totalEvaluations(
  pool: Pool,
  { tenant, agent, version, countMax }: AskedIn<'evaluationTotals'>,
): Promise<AnswerIn<'evaluationTotals'>> {
  const rows = await pool.rows(totalsStatement(tenant, agent, version, countMax));
  const totals = rows.map(([of, number, count, mean, min, max, quartiles, histogram]) => ({
    agent: of ?? '',
    version: number ?? '',
    count: Number(count),
    mean: Number(mean),
    min: Number(min),
    max: Number(max),
    quartiles: JSON.parse(quartiles ?? '[0,0,0]') as [number, number, number],
    histogram: JSON.parse(histogram ?? '[]') as number[],
  }));
  return { totals, isWhole: Number(rows[0]?.[8] ?? 0) <= countMax };
}
