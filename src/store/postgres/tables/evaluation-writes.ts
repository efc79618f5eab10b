import type { EvaluationInsert } from '../../ports/evaluation-rows.ts';
import { column, rowStatement } from '../link/statement.ts';

/**
 * The first evaluation of an id stays. Locks: the new rows, which only a retry of the same run could
 * meet.
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
  ],
  `insert into heddle.evaluations (tenant, evaluation_id, subject_run_id, evaluator_run_id,
      score, rationale)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::float8[], $6::text[])
    on conflict do nothing`,
);
