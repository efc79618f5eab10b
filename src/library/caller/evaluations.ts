/** Evaluations as callers give and read them: from outside runs, listed, and counted by agent and version. */
import { tenantIn } from '../../access/scopes.ts';
import { heddleError } from '../../domain/errors.ts';
import { asWhole, refuseField } from '../../domain/field.ts';
import { asRunId, checkName } from '../../domain/ids.ts';
import { isSafeText } from '../../domain/json.ts';
import { asOptions } from '../../domain/options.ts';
import type { TenantScope } from '../../domain/scope.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { EvaluationTotals } from '../../store/ports/evaluations.ts';
import type { RequestAsked } from '../../store/requests/request-rows.ts';
import type { EvaluationRow } from '../../store/ports/evaluation-rows.ts';

/** An evaluation from outside runs: by a person, or by a program. */
export type EvaluationGiven = {
  /** The run that is judged. */
  readonly runId: string;
  /** From 0 to 1. */
  readonly score: number;
  /** The reason for the score, in words: 10,000 characters at most. */
  readonly rationale: string;
  /** The tenant. Default `default`. */
  readonly tenant?: string;
};

/** An evaluation that was given. */
export type EvaluationStands = {
  /** Names it in its tenant. */
  readonly evaluationId: string;
};

type Caller = {
  readonly scope: TenantScope;
  readonly by: string;
  readonly request: RequestAsked | null;
};

/** Which evaluations are wanted. A field that is left out restricts nothing. */
export type EvaluationsQuery = {
  /** The tenant. Default `default`. */
  readonly tenant?: string;
  /** Only of runs of this agent. */
  readonly agent?: string;
  /** Only of runs of this version; beside an agent. */
  readonly version?: string;
  /** Only of this run. */
  readonly runId?: string;
  /** For the next page: the `evaluationId` of the last one of the page before. */
  readonly before?: string;
  /** How many at most, 1 to 1,000. Default 100. */
  readonly limit?: number;
};

/** Scores by agent and version. */
export type EvaluationCounts = {
  /** By agent and version. */
  readonly totals: readonly EvaluationTotals[];
  /** False: there are more than 20,000, and the newest were counted. */
  readonly isWhole: boolean;
};

const countMax = 20_000;
const rationaleCharsMax = 10_000;
/** An id has the run's, and the name of its invocation. */
const idCharsMax = 1_000;

export async function evaluate(
  { ids, store }: Runtime,
  given: EvaluationGiven,
  { scope, by, request }: Caller,
): Promise<EvaluationStands> {
  const asked = asOptions(given, 'evaluate', ['runId', 'score', 'rationale', 'tenant']);
  const within = tenantIn(scope, asked.tenant, 'evaluate.tenant');
  const { score, rationale } = asked;
  const subjectRunId = asRunId(asked.runId);
  if (typeof score !== 'number' || !(score >= 0 && score <= 1)) {
    refuseField('evaluate.score', 'must be a number from 0 to 1');
  }
  if (typeof rationale !== 'string' || rationale === '' || rationale.length > rationaleCharsMax) {
    refuseField('evaluate.rationale', `must be a text of 1 to ${rationaleCharsMax} characters`);
  }
  if (!isSafeText(rationale)) refuseField('evaluate.rationale', 'holds NUL or a lone surrogate');
  // An id of now, so that it stands among those of runs by its time.
  const row = { evaluationId: ids.run(), subjectRunId, score, rationale, by };
  const keyed = request === null ? row : { ...row, request };
  const evaluationId = await store.addEvaluation(within, keyed);
  if (evaluationId !== null) return { evaluationId };
  throw heddleError('run-unknown', { runId: subjectRunId });
}

export async function listEvaluations(
  { store }: Pick<Runtime, 'store'>,
  given: EvaluationsQuery,
  scope: TenantScope,
): Promise<readonly EvaluationRow[]> {
  const keys = ['tenant', 'agent', 'version', 'runId', 'before', 'limit'] as const;
  const query = asOptions(given, 'evaluations', keys);
  const { tenant, runId, before } = query;
  const limit = asWhole(query.limit, 'evaluations.limit', { min: 1, max: 1_000, fallback: 100 });
  return store.evaluationList(tenantIn(scope, tenant), {
    ...versionIn(query),
    subjectRunId: runId === undefined ? null : asRunId(runId),
    before: before === undefined ? null : placeOf(before),
    limit,
  });
}

export async function countEvaluations(
  { store }: Pick<Runtime, 'store'>,
  given: Pick<EvaluationsQuery, 'tenant' | 'agent' | 'version'>,
  scope: TenantScope,
): Promise<EvaluationCounts> {
  const query = asOptions(given, 'evaluations', ['tenant', 'agent', 'version']);
  const asked = { ...versionIn(query), countMax };
  return store.evaluationTotals(tenantIn(scope, query.tenant), asked);
}

function versionIn(query: { readonly agent?: unknown; readonly version?: unknown }) {
  const { agent, version } = query;
  if (version !== undefined && agent === undefined) {
    refuseField('evaluations.version', 'must stand beside an agent');
  }
  return {
    agent: agent === undefined ? null : checkName(agent, 'evaluations.agent'),
    version: version === undefined ? null : checkName(version, 'evaluations.version'),
  };
}

function placeOf(before: unknown): string {
  if (typeof before === 'string' && before.length <= idCharsMax && isSafeText(before)) {
    return before;
  }
  return refuseField('evaluations.before', 'is no id of an evaluation');
}
