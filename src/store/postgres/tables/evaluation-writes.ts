/** Evaluations: those of runs, in batches, and those from outside runs. */
import type { EvaluationInsert } from '../../ports/evaluation-rows.ts';
import type { AnswerIn, AskedIn } from '../../caller-port.ts';
import { runIdIn } from '../../../domain/ids.ts';
import type { Pool } from '../link/pool.ts';
import { column, float, rowStatement, statement, text, uuid } from '../link/statement.ts';
import { markedOnce } from './requests.ts';

/**
 * The first evaluation of an id stays. The agent is read here, for all rows at once: the trigger that would do it for
 * each row costs a query per row. Locks: the new rows, which only a retry of the same run could meet.
 */
export const insertEvaluations = rowStatement<EvaluationInsert>(
  'evaluations_insert',
  [
    column.text((row) => row.tenant),
    column.text((row) => row.evaluationId),
    column.text((row) => row.subjectRunId),
    column.text((row) => row.evaluatorRunId),
    column.float((row) => row.score),
    column.text((row) => row.rationale),
    column.uuid((row) => runIdIn(row.subjectRunId)),
  ],
  `insert into heddle.evaluations (tenant, evaluation_id, subject_run_id, evaluator_run_id,
      score, rationale, agent, version)
    select i.tenant, i.evaluation_id, i.subject_run_id, i.evaluator_run_id, i.score, i.rationale,
      r.agent, r.version
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::float8[], $6::text[], $7::uuid[])
      as i(tenant, evaluation_id, subject_run_id, evaluator_run_id, score, rationale, run_id)
    left join lateral (
      select x.agent, x.version from heddle.runs x
      where x.tenant = i.tenant and x.run_id = i.run_id offset 0
    ) r on true
    on conflict do nothing`,
);

const insertEvaluation = `insert into heddle.evaluations (tenant, evaluation_id, subject_run_id,
      evaluator_run_id, score, rationale, by_name)
    select $1::text, $2::text, r.run_id::text, '', $4::float8, $5::text, $6::text
    from heddle.runs r where r.tenant = $1::text and r.run_id = $3::uuid
    on conflict do nothing
    returning evaluation_id`;

/** Locks: the new row, which a repeat could meet. */
const addStatement = statement(
  'evaluation_add',
  [text, text, uuid, float, text, text],
  insertEvaluation,
);

/** The same, kept with the request. Without such a run the request has come to nothing, and its row goes. */
const addMarkedStatement = statement(
  'evaluation_add_marked',
  [text, text, uuid, float, text, text, text],
  `with added as (${insertEvaluation}), kept as (
      update heddle.requests r set answer = to_json(a.evaluation_id)::text from added a
      where r.tenant = $1::text and r.key = $7::text
    ), dropped as (
      delete from heddle.requests r
      where r.tenant = $1::text and r.key = $7::text and not exists (select from added)
    )
    select evaluation_id from added`,
);

export async function addEvaluation(
  pool: Pool,
  given: AskedIn<'addEvaluation'>,
): Promise<AnswerIn<'addEvaluation'>> {
  const { tenant, evaluationId, subjectRunId, score, rationale, by, request } = given;
  if (request === undefined) {
    const call = addStatement(tenant, evaluationId, subjectRunId, score, rationale, by);
    return (await pool.rows(call))[0]?.[0] ?? null;
  }
  const row = [tenant, evaluationId, subjectRunId, score, rationale, by] as const;
  const call = addMarkedStatement(...row, request.key);
  const done = await markedOnce(pool, { tenant, ...request }, [call]);
  if (done.kind === 'repeated') return JSON.parse(done.answerText) as string;
  return done.results.get(call)?.[0]?.[0] ?? null;
}
