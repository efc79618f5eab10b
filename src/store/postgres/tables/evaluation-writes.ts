import type { EvaluationRow } from '../../rows.ts';
import {
  callWith,
  floatColumn,
  textColumn,
  type Call,
  type Column,
  statement,
} from '../link/statement.ts';

/**
 * The first evaluation of an id stays. Locks: the new rows, which only a retry of the same run could
 * meet.
 */
const insertEvaluationsStatement = statement(
  'evaluations_insert',
  `insert into heddle.evaluations (tenant, evaluation_id, subject_run_id, evaluator_run_id,
      score, rationale)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::float8[], $6::text[])
    on conflict do nothing`,
);

const evaluationColumns: readonly Column<EvaluationRow>[] = [
  textColumn((row) => row.tenant),
  textColumn((row) => row.evaluationId),
  textColumn((row) => row.subjectRunId),
  textColumn((row) => row.evaluatorRunId),
  floatColumn((row) => row.score),
  textColumn((row) => row.rationale),
];

export function insertEvaluations(rows: readonly EvaluationRow[]): Call {
  return callWith(insertEvaluationsStatement, evaluationColumns, rows);
}
