/** Pages and facets of lists of runs, put together from walks: see walks.ts. They take no locks. */
import { asRunId, type RunId } from '../../../../domain/ids.ts';
import type { Priority } from '../../../../domain/priority.ts';
import { codeText } from '../../../ports/error-code.ts';
import type { AnswerIn, AskedIn } from '../../../caller-port.ts';
import {
  facetFields,
  type RunFilter,
  type RunLine,
  type RunPage,
  type RunPlace,
} from '../../../ports/listing-port.ts';
import type { ParentAddress } from '../../../rows.ts';
import type { RunStatus } from '../../../../../machines/run.ts';
import type { Pool } from '../../link/pool.ts';
import type { Call, Fields } from '../../link/statement.ts';
import { sparsest, waysOf } from './ways.ts';
import {
  childrenStatement,
  endAt,
  openCountCall,
  walkCall,
  type Span,
  type Walk,
  type Way,
} from './walks.ts';

/** The rows of an index that one walk of a page looks at. */
const lookMax = 5_000;
const lowest = '00000000-0000-0000-0000-000000000000';
const highest = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
/** Behind every time that a run can end at, in µs: the year 2255. */
const never = 2 ** 53 - 1;

export async function listRuns(pool: Pool, query: AskedIn<'list'>): Promise<RunPage> {
  const { tenant, order, limit } = query;
  const walk: Walk = {
    ...spanOf(query),
    tenant,
    order,
    shape: 'line',
    look: lookMax,
    // One more tells whether there is a next page.
    limit: limit + 1,
  };
  const isByEnd = query.endedFromMs !== null || query.endedBelowMs !== null;
  const ways = isByEnd ? endWay(query) : await sparsest(pool, waysOf(query), walk);
  const calls = ways.map((way) => walkCall(way, walk, query));
  const met = merged(await results(pool, calls), walk, isByEnd);
  const runs = met.rows.slice(0, limit);
  const stop = met.rows.length > limit ? runs.at(-1) : met.stop;
  const next = stop === undefined ? null : placeOf(stop, isByEnd);
  return { runs: runs.map(lineOf), next };
}

async function results(
  pool: Pool,
  calls: readonly Call[],
): Promise<readonly (readonly Fields[])[]> {
  if (calls.length === 0) return [];
  const found = await pool.read(calls);
  return calls.map((call) => found.get(call) ?? []);
}

/** What the walks have met, each run once and in order, as far as all of them have got. */
function merged(
  found: readonly (readonly Fields[])[],
  { order, shape, limit }: Walk,
  isByEnd: boolean,
): { readonly rows: readonly Fields[]; readonly stop: Fields | undefined } {
  const sign = order === 'newest' ? -1 : 1;
  const compare = (a: Fields, b: Fields): number => {
    const [x, y] = isByEnd ? [Number(a[endAt[shape]]), Number(b[endAt[shape]])] : [0, 0];
    if (x !== y) return (x - y) * sign;
    return (a[0] ?? '') < (b[0] ?? '') ? -sign : sign;
  };
  const stops: Fields[] = [];
  const rows = new Map<string | null | undefined, Fields>();
  for (const walk of found) {
    // A walk has stopped at the row that says so, or where its page was full.
    const last = walk.findIndex((fields) => fields.at(-1) === 't');
    const stop = last === -1 ? (walk.length >= limit ? walk.at(-1) : undefined) : walk[last];
    if (stop !== undefined) stops.push(stop);
    for (const fields of last === -1 ? walk : walk.slice(0, last + 1)) {
      if (fields.at(-2) === 't') rows.set(fields[0], fields);
    }
  }
  const [stop] = stops.toSorted(compare);
  const sorted = [...rows.values()].toSorted(compare);
  return {
    rows:
      stop === undefined
        ? sorted
        : sorted.filter((row) => row[0] === stop[0] || compare(row, stop) < 0),
    stop,
  };
}

function placeOf(fields: Fields, isByEnd: boolean): RunPlace {
  return {
    runId: asRunId(fields[0] ?? ''),
    endedUs: isByEnd ? Number(fields[endAt.line]) : null,
  };
}

function spanOf({ from, below, order, after }: AskedIn<'list'>): Span {
  const isById = after?.endedUs === null;
  const low = order === 'newest' ? from : before(from);
  if (!isById) return { low: low ?? lowest, high: below ?? highest };
  if (order === 'newest') return { low: low ?? lowest, high: least(after.runId, below) };
  return { low: low !== null && low > after.runId ? low : after.runId, high: below ?? highest };
}

const least = (a: RunId, b: RunId | null): RunId => (b !== null && b < a ? b : a);

/** The id before this one: oldest first, a walk begins behind it. */
function before(id: RunId | null): RunId | null {
  if (id === null || id === lowest) return null;
  const digits = (BigInt(`0x${id.replaceAll('-', '')}`) - 1n).toString(16).padStart(32, '0');
  return asRunId(digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));
}

function endWay({ order, after, endedFromMs, endedBelowMs }: AskedIn<'list'>): Way[] {
  const from = endedFromMs === null ? 0 : endedFromMs * 1_000;
  const below = endedBelowMs === null ? never : endedBelowMs * 1_000;
  const [first, edge] = order === 'newest' ? [below, from] : [from, below];
  const keys = [after?.endedUs ?? first, after?.runId ?? lowest, edge];
  return [{ kind: 'end', keys }];
}

function lineOf(fields: Fields): RunLine {
  const [runId, tenant, shard, agent, version, user, pipeline, parent, priority, status] = fields;
  const [reason, turn, createdAt, endedAt, tags, code] = fields.slice(10);
  return {
    runId: asRunId(runId ?? ''),
    tenant: tenant ?? '',
    shard: Number(shard),
    agent: agent ?? '',
    version: version ?? '',
    user: user ?? '',
    pipeline: pipeline ?? '',
    parent: parent ? (JSON.parse(parent) as ParentAddress) : null,
    priority: priority as Priority,
    ...(tags ? { tags: tags.split('\n') } : {}),
    status: status as RunStatus,
    reason: reason || null,
    turn: Number(turn),
    code: code ? codeText(code) : null,
    createdAtMs: Number(createdAt),
    endedAtMs: endedAt ? Number(endedAt) : null,
  };
}

export async function countRuns(
  pool: Pool,
  query: RunFilter & { readonly tenant: string; readonly countMax: number },
): Promise<AnswerIn<'facets'>> {
  const { tenant, countMax } = query;
  const asked = { ...query, order: 'newest', after: null, limit: countMax } as const;
  const walk: Walk = {
    ...spanOf(asked),
    tenant,
    order: 'newest',
    shape: 'brief',
    look: 2 * countMax,
    limit: countMax + 1,
  };
  const isByEnd = query.endedFromMs !== null || query.endedBelowMs !== null;
  const ways = isByEnd ? endWay(asked) : await sparsest(pool, waysOf(query), walk);
  const calls = ways.map((way) => walkCall(way, walk, query));
  const { rows, stop } = merged(await results(pool, calls), walk, isByEnd);
  const counted = rows.slice(0, countMax);
  const by = facetFields.map((field, i) => {
    const counts = new Map<string, number>();
    for (const fields of counted) {
      const stored = fields[i + 1];
      if (!stored) continue;
      const value = field === 'code' ? codeText(stored) : stored;
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return [field, Object.fromEntries(counts)];
  });
  return {
    isWhole: stop === undefined && rows.length <= countMax,
    total: counted.length,
    by: Object.fromEntries(by) as AnswerIn<'facets'>['by'],
  };
}

export async function countOpen(pool: Pool, query: AskedIn<'openCount'>): Promise<number> {
  const { tenant, from, below, countMax } = query;
  const span = { tenant, low: from ?? lowest, high: below ?? highest };
  const [[count] = []] = await pool.rows(openCountCall(span, query, countMax));
  return Number(count ?? 0);
}

export async function childrenOf(
  pool: Pool,
  { tenant, parents, limit }: AskedIn<'childrenOf'>,
): Promise<AnswerIn<'childrenOf'>> {
  const rows = await pool.rows(childrenStatement(tenant, parents, limit));
  return rows.map(lineOf);
}
