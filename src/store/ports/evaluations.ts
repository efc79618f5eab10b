/** What a caller asks of evaluations: given from outside runs, listed, and counted by agent and version. */
import type { RunId } from '../../domain/ids.ts';
import type { OneTenant } from '../../domain/scope.ts';
import type { RequestAsked } from '../requests/request-rows.ts';
import type { EvaluationRow } from './evaluation-rows.ts';

type EvaluationsAsked = {
  /** Of the runs that were judged. */
  readonly agent: string | null;
  /** Only beside an agent. */
  readonly version: string | null;
  readonly subjectRunId: RunId | null;
  /** The id of the last evaluation of the page before. */
  readonly before: string | null;
  readonly limit: number;
};

/** Scores of one version of one agent. Quartiles are interpolated. */
export type EvaluationTotals = {
  /** The agent's name. */
  readonly agent: string;
  /** The version. */
  readonly version: string;
  /** How many scores. */
  readonly count: number;
  /** The mean. */
  readonly mean: number;
  /** The least. */
  readonly min: number;
  /** The greatest. */
  readonly max: number;
  /** A quarter, a half and three quarters of the scores are at most these. */
  readonly quartiles: readonly [number, number, number];
  /** How many scores are in each tenth from 0 to 1; 1 is in the last. */
  readonly histogram: readonly number[];
};

export interface EvaluationsStore {
  /** Those with the newest evaluator first: an id begins with the id of the run that judges, or one of that time. */
  evaluationList(scope: OneTenant, query: EvaluationsAsked): Promise<readonly EvaluationRow[]>;
  /** By agent and version. `isWhole` is false when there are more than `countMax`: then the newest are counted. */
  evaluationTotals(
    scope: OneTenant,
    query: Pick<EvaluationsAsked, 'agent' | 'version'> & { readonly countMax: number },
  ): Promise<{ readonly totals: readonly EvaluationTotals[]; readonly isWhole: boolean }>;
  /**
   * From outside runs. Gives the id under which it stands: for a repeat of a request, that of the first. Null: there is
   * no such run.
   */
  addEvaluation(
    scope: OneTenant,
    evaluation: {
      readonly evaluationId: string;
      readonly subjectRunId: RunId;
      readonly score: number;
      readonly rationale: string;
      readonly by: string;
      readonly request?: RequestAsked;
    },
  ): Promise<string | null>;
}
