/** Evaluations, as the API tells them. */

/** An evaluation that a run was given. */
export type Evaluation = {
  /** Names the evaluation. */
  readonly evaluationId: string;
  /** The run that is judged. */
  readonly subjectRunId: string;
  /** The run that judges; null when it was judged from outside runs. */
  readonly evaluatorRunId: string | null;
  /** Who has judged it from outside runs; null for a run. */
  readonly by: string | null;
  /** The agent of the judged run; null when no such run was there. */
  readonly agent: string | null;
  /** Its version. */
  readonly version: string | null;
  /** The score, from 0 to 1. */
  readonly score: number;
  /** The reason for the score, in words. */
  readonly rationale: string;
  /** When, in ms since 1970. */
  readonly createdAtMs: number;
};

/** Which evaluations are wanted. */
export type EvaluationsQuery = {
  /** Only of runs of this agent. */
  readonly agent?: string;
  /** Only of runs of this version; beside an agent. */
  readonly version?: string;
  /** Only of this run. */
  readonly runId?: string;
  /** How many at most. */
  readonly limit?: number;
  /** For the next page; empty when there is none. */
  readonly cursor?: string;
};

/** Scores of one version of one agent. */
export type EvaluationTotals = {
  /** The agent's name. */
  readonly agent: string;
  /** The version. */
  readonly version: string;
  /** How many. */
  readonly count: number;
  /** The mean score. */
  readonly mean: number;
  /** The least score. */
  readonly min: number;
  /** The greatest score. */
  readonly max: number;
  /** A quarter, a half, and three quarters of the scores are at most these. */
  readonly quartiles: readonly number[];
  /** How many scores are in each tenth from 0 to 1. */
  readonly histogram: readonly number[];
};

/** Scores by agent and version. */
export type EvaluationCounts = {
  /** By agent and version. */
  readonly totals: readonly EvaluationTotals[];
  /** False: there are more than 20,000, of which the newest were counted. */
  readonly isWhole: boolean;
};
