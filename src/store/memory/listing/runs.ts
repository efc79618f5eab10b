/** Lists of runs and their facets, over the table of runs. */
import { codeText, storedCode } from '../../ports/error-code.ts';
import type { AnswerIn, AskedIn } from '../../caller-port.ts';
import {
  facetFields,
  type RunFilter,
  type RunLine,
  type RunPlace,
} from '../../ports/listing-port.ts';
import type { RunRow } from '../../rows.ts';
import type { Database } from '../database.ts';

export function pageOfRuns(db: Database, query: AskedIn<'list'>): AnswerIn<'list'> {
  const { after, limit } = query;
  const sign = query.order === 'newest' ? -1 : 1;
  const isByEnd = isInOrderOfEnds(query);
  const found = matching(db, query).filter(
    (run) => after === null || compare(placeOf(run, isByEnd), after) * sign > 0,
  );
  found.sort((a, b) => compare(placeOf(a, isByEnd), placeOf(b, isByEnd)) * sign);
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  return {
    runs: page.map(lineOf),
    next: last === undefined ? null : placeOf(last, isByEnd),
  };
}

export function facetsOfRuns(db: Database, query: AskedIn<'facets'>): AnswerIn<'facets'> {
  const isByEnd = isInOrderOfEnds(query);
  const found = matching(db, query).sort((a, b) =>
    compare(placeOf(b, isByEnd), placeOf(a, isByEnd)),
  );
  const counted = found.slice(0, query.countMax).map(lineOf);
  const by = facetFields.map((field) => {
    const counts = new Map<string, number>();
    for (const line of counted) {
      const value = line[field];
      if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return [field, Object.fromEntries(counts)];
  });
  return {
    isWhole: found.length <= query.countMax,
    total: counted.length,
    by: Object.fromEntries(by) as AnswerIn<'facets'>['by'],
  };
}

export function countOpen(db: Database, query: AskedIn<'openCount'>): number {
  const open = matching(db, query).filter(({ endedAtMs }) => endedAtMs === null);
  return Math.min(open.length, query.countMax);
}

export function childrenOf(db: Database, query: AskedIn<'childrenOf'>): AnswerIn<'childrenOf'> {
  const { tenant, parents, limit } = query;
  const children = db.tables.runs
    .by('tenant', tenant)
    .filter(({ parent }) => parent !== null && parents.includes(parent.runId))
    .sort((a, b) => {
      const [x = '', y = ''] = [a.parent?.runId, b.parent?.runId];
      if (x !== y) return x < y ? -1 : 1;
      return a.runId < b.runId ? -1 : 1;
    });
  return children.slice(0, limit).map(lineOf);
}

const isInOrderOfEnds = ({ endedFromMs, endedBelowMs }: RunFilter): boolean =>
  endedFromMs !== null || endedBelowMs !== null;

const placeOf = ({ runId, endedAtMs }: RunRow, isByEnd: boolean): RunPlace => {
  return { runId, endedUs: isByEnd && endedAtMs !== null ? endedAtMs * 1_000 : null };
};

function compare(a: RunPlace, b: RunPlace): number {
  if (a.endedUs !== b.endedUs) return (a.endedUs ?? 0) - (b.endedUs ?? 0);
  if (a.runId === b.runId) return 0;
  return a.runId < b.runId ? -1 : 1;
}

function matching(db: Database, query: RunFilter & { readonly tenant: string }): RunRow[] {
  return db.tables.runs.by('tenant', query.tenant).filter((run) => matches(run, query));
}

function matches(run: RunRow, query: RunFilter): boolean {
  const is = (wanted: string | null, value: string | undefined): boolean =>
    wanted === null || wanted === value;
  return (
    (query.statuses === null || query.statuses.includes(run.status)) &&
    is(query.agent, run.agent) &&
    is(query.user, run.user) &&
    is(query.pipeline, run.pipeline) &&
    is(query.parent, run.parent?.runId) &&
    is(query.code === null ? null : storedCode(query.code), codeOf(run)) &&
    query.tags.every((tag) => run.tags?.includes(tag) === true) &&
    (query.from === null || run.runId >= query.from) &&
    (query.below === null || run.runId < query.below) &&
    hasEndedWithin(run, query)
  );
}

const codeOf = ({ error }: RunRow): string | undefined =>
  error === null ? undefined : storedCode(error.code);

function hasEndedWithin({ endedAtMs }: RunRow, { endedFromMs, endedBelowMs }: RunFilter): boolean {
  if (endedFromMs === null && endedBelowMs === null) return true;
  if (endedAtMs === null) return false;
  return endedAtMs >= (endedFromMs ?? 0) && (endedBelowMs === null || endedAtMs < endedBelowMs);
}

function lineOf(run: RunRow): RunLine {
  const { runId, tenant, shard, agent, version, user, pipeline, parent, priority, tags } = run;
  const { status, reason, turn, createdAtMs, endedAtMs } = run;
  const at = { runId, tenant, shard, agent, version, user, pipeline, parent, priority };
  return {
    ...at,
    ...(tags === undefined ? {} : { tags }),
    status,
    reason,
    turn,
    code: codeOf(run) === undefined ? null : codeText(codeOf(run) ?? ''),
    createdAtMs,
    endedAtMs,
  };
}
