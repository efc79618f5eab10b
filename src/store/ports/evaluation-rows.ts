/** Evaluations: a score that a run, or somebody outside runs, gives a run. */

/** An evaluation as it is given. */
export type EvaluationInsert = {
  /** The tenant of both runs. */
  readonly tenant: string;
  /** Unique in the tenant: a second insert of the same id does nothing. */
  readonly evaluationId: string;
  /** The run that is judged. */
  readonly subjectRunId: string;
  /** The run that judges; empty when it was judged from outside runs. */
  readonly evaluatorRunId: string;
  /** The score, from 0 to 1. */
  readonly score: number;
  /** The reason for the score, in words. */
  readonly rationale: string;
};

/** An evaluation as the database has it. */
export type EvaluationRow = EvaluationInsert & {
  /** The agent of the judged run; null when no such run was there. */
  readonly agent: string | null;
  /** Its version. */
  readonly version: string | null;
  /** Who has judged it from outside runs: a token's name, or `library`; null for a run. */
  readonly by: string | null;
  /** In ms since 1970, by the database's clock. */
  readonly createdAtMs: number;
};
