/** Evaluations: listed, counted, and given from outside runs. It owns their table. */
import { requestedOnce } from '../requests.ts';
import type { AnswerIn, AskedIn } from '../../caller-port.ts';
import type { EvaluationTotals } from '../../ports/evaluations.ts';
import type { EvaluationInsert, EvaluationRow } from '../../ports/evaluation-rows.ts';
import type { Database } from '../database.ts';
import { join, own } from '../table.ts';

/** The first evaluation of an id stays. */
export function putEvaluation(
  db: Database,
  evaluation: EvaluationInsert,
  by: string | null,
): boolean {
  const { tenant, evaluationId, subjectRunId } = evaluation;
  if (db.tables.evaluations.get(join(tenant, evaluationId)) !== undefined) return false;
  const run = db.tables.runs.get(join(tenant, subjectRunId));
  const { agent = null, version = null } = run ?? {};
  db.tables.evaluations.put(own({ ...evaluation, agent, version, by, createdAtMs: db.now() }));
  return true;
}

const newestFirst = (a: EvaluationRow, b: EvaluationRow): number =>
  a.evaluationId < b.evaluationId ? 1 : -1;

export function listEvaluations(
  db: Database,
  query: AskedIn<'evaluationList'>,
): AnswerIn<'evaluationList'> {
  const { tenant, agent, version, subjectRunId, before, limit } = query;
  return db.tables.evaluations
    .by('tenant', tenant)
    .filter((row) => agent === null || row.agent === agent)
    .filter((row) => version === null || row.version === version)
    .filter((row) => subjectRunId === null || row.subjectRunId === subjectRunId)
    .filter((row) => before === null || row.evaluationId < before)
    .sort(newestFirst)
    .slice(0, limit);
}

export function totalEvaluations(
  db: Database,
  { tenant, agent, version, countMax }: AskedIn<'evaluationTotals'>,
): AnswerIn<'evaluationTotals'> {
  const asked = { tenant, agent, version, subjectRunId: null, before: null };
  const rows = listEvaluations(db, { ...asked, limit: Number.MAX_SAFE_INTEGER });
  const known = rows.filter((row) => row.agent !== null);
  const groups = new Map<string, EvaluationRow[]>();
  for (const row of known.slice(0, countMax)) {
    const key = join(row.agent ?? '', row.version ?? '');
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const totals = [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(totalOf);
  return { totals, isWhole: known.length <= countMax };
}

function totalOf([, rows]: readonly [string, readonly EvaluationRow[]]): EvaluationTotals {
  const scores = rows.map(({ score }) => score).sort((a, b) => a - b);
  const count = scores.length;
  const at = (share: number): number => {
    const place = share * (count - 1);
    const below = scores[Math.floor(place)] ?? 0;
    const above = scores[Math.ceil(place)] ?? 0;
    return below + (above - below) * (place - Math.floor(place));
  };
  const histogram = Array.from({ length: 10 }, (_, tenth) => {
    return scores.filter((score) => Math.min(Math.floor(score * 10), 9) === tenth).length;
  });
  return {
    agent: rows[0]?.agent ?? '',
    version: rows[0]?.version ?? '',
    count,
    mean: scores.reduce((sum, score) => sum + score, 0) / count,
    min: scores[0] ?? 0,
    max: scores.at(-1) ?? 0,
    quartiles: [at(0.25), at(0.5), at(0.75)],
    histogram,
  };
}

export function addEvaluation(
  db: Database,
  asked: AskedIn<'addEvaluation'>,
): AnswerIn<'addEvaluation'> {
  const { tenant, evaluationId, subjectRunId, score, rationale, by, request } = asked;
  if (db.tables.runs.get(join(tenant, subjectRunId)) === undefined) return null;
  const given = { tenant, evaluationId, subjectRunId, evaluatorRunId: '', score, rationale };
  return requestedOnce(db, request === undefined ? null : { tenant, ...request }, () =>
    putEvaluation(db, given, by) ? evaluationId : null,
  );
}
