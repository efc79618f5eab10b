/**
 * Walks: the ways through the runs of a tenant, newest or oldest first, each along one index. A walk looks at `look`
 * rows at most and says where it has stopped, so no filter makes it go through a million runs.
 *
 * The rows of an index are compared as a whole with the place where the walk begins, and ordered by all of its
 * columns. Postgres could otherwise take the primary key, which has the order as well, and go through all runs in
 * search of a value that none of them has.
 */
import { bigint, int, statement, text, texts, uuid, type Call } from '../../link/statement.ts';
import { shardCount } from '../../../../domain/ids.ts';
import { storedCode } from '../../../ports/error-code.ts';
import type { RunFilter } from '../../../ports/listing-port.ts';
import { epochMs } from '../run-reads.ts';

/** As the indexes have them: see migration 14. */
const codeOf = `(left(substring(r.error, '^\\{"code":"((?:[^"\\\\]|\\\\.)*)"'), 256) collate "C")`;
const parentOf = `(substring(r.parent, '"runId":"([0-9a-f-]{36})"') collate "C")`;

const columns = `r.run_id, r.tenant, r.shard, r.agent, r.version, r.user_name, r.pipeline, r.parent, r.priority,
  r.status, r.reason, r.turn, r.created_at, r.ended_at, r.tags, r.error`;

const endUs = `(extract(epoch from r.ended_at) * 1000000)::bigint::text`;
const line = `r.run_id, r.tenant, r.shard, r.agent, r.version, r.user_name, r.pipeline, r.parent, r.priority,
  r.status, r.reason, r.turn, ${epochMs('r.created_at')}, ${epochMs('r.ended_at')},
  array_to_string(r.tags, E'\\n'), ${codeOf}, ${endUs}`;

/** What a facet needs. */
const brief = `r.run_id, r.status, r.agent, r.user_name, ${codeOf}, ${endUs}`;
/** Where the end stands in the rows of each shape, in µs. */
export const endAt = { line: 16, brief: 5 } as const;

const filterParams = [texts, text, text, text, text, text, texts, bigint, bigint] as const;
const atUs = (param: string): string =>
  `(timestamptz 'epoch' + ${param}::bigint * interval '1 microsecond')`;

/** `at`: the number of the parameter that has the first field of the filter. */
function wantedAt(at: number): string {
  const [statuses, agent, user, pipeline, parent, code, tags, from, below] = filterParams.map(
    (_, i) => `$${at + i}`,
  );
  return `(${statuses}::text[] is null or r.status = any(${statuses}::text[]))
  and (${agent}::text is null or r.agent = ${agent}::text)
  and (${user}::text is null or r.user_name = ${user}::text)
  and (${pipeline}::text is null or r.pipeline = ${pipeline}::text)
  and (${parent}::text is null or ${parentOf} = ${parent}::text)
  and (${code}::text is null or ${codeOf} = ${code}::text)
  and (${tags}::text[] is null or r.tags @> ${tags}::text[])
  and (${from}::bigint is null or r.ended_at >= ${atUs(`${from}`)})
  and (${below}::bigint is null or r.ended_at < ${atUs(`${below}`)})`;
}

const wanted = wantedAt(6);

const filterOf = (query: RunFilter) =>
  [
    query.statuses,
    query.agent,
    query.user,
    query.pipeline,
    query.parent,
    query.code === null ? null : storedCode(query.code),
    query.tags.length === 0 ? null : query.tags,
    usOf(query.endedFromMs),
    usOf(query.endedBelowMs),
  ] as const;

const usOf = (ms: number | null): number | null => (ms === null ? null : ms * 1_000);

/**
 * The rows that match, and the one at which the walk has stopped, whether it matches or not: the last two fields say
 * both. The order is that of the innermost rows.
 */
const limited = (
  fields: string,
  rows: string,
  also = '',
): string => `select ${fields}, r.matches, r.nth = $4::int
  from (
    select *, (${wanted}${also}) as matches, row_number() over () as nth from (${rows}) r
  ) r
  where r.matches or r.nth = $4::int limit $5::int`;

type Order = 'newest' | 'oldest';
type Shape = 'line' | 'brief';

/** Ids: from `low` on and below `high`; oldest first, behind `low`, because the page before has ended there. */
export type Span = { readonly low: string; readonly high: string };

const way = { newest: 'desc', oldest: 'asc' } as const;
const lowSign = { newest: '>=', oldest: '>' } as const;

const hasEnded = 'r.ended_at is not null';

/** By kind: the keys that stand between the tenant and the run's id in the index, and what its rows have in common. */
const along = {
  all: { keys: [], where: 'true' },
  outcome: { keys: ['r.outcome'], where: hasEnded },
  agent: { keys: ['r.agent', 'r.outcome'], where: hasEnded },
  user: { keys: ['r.user_name', 'r.outcome'], where: hasEnded },
  pipeline: { keys: ['r.pipeline'], where: hasEnded },
  code: { keys: [codeOf], where: 'r.error is not null' },
  parent: { keys: [parentOf], where: 'r.parent is not null' },
} as const;

/** `at`: the number of the parameter that has the first key. */
function keyed(order: Order, kind: keyof typeof along, at: number): string {
  const { keys, where } = along[kind];
  const given = keys.map((_, i) => `$${at + i}::text, `).join('');
  const list = keys.map((key) => `${key}, `).join('');
  const by = [...keys, 'r.run_id'].map((key) => `${key} ${way[order]}`).join(', ');
  return `select ${columns} from heddle.runs r
    where r.tenant = $1::text and ${where}
      and (${list}r.run_id) ${lowSign[order]} (${given}$2::uuid)
      and (${list}r.run_id) < (${given}$3::uuid)
    order by ${by} limit $4::int`;
}

/**
 * Tags have a table of their own, because a run has several. A replica of an earlier release deletes runs without
 * their tags: such a tag counts among those that were looked at, and matches nothing.
 */
const tagged = (
  order: Order,
  at: number,
): string => `select ${columns.replace('r.run_id', 'g.run_id')} from (
      select g.run_id from heddle.run_tags g
      where g.tenant = $1::text and g.tag = $${at}::text and g.run_id ${lowSign[order]} $2::uuid
        and g.run_id < $3::uuid
      order by g.run_id ${way[order]} limit $4::int
    ) g
    left join lateral (
      select * from heddle.runs r where r.tenant = $1::text and r.run_id = g.run_id offset 0
    ) r on true`;

/** The open runs of each shard, through its part of their index. */
const open = (order: Order, fields: string): string => `select ${fields}, r.matches, r.nth = $4::int
  from generate_series(0, ${shardCount - 1}) as s(shard)
  cross join lateral (
    select *, (${wanted}) as matches, row_number() over () as nth from (
      select ${columns} from heddle.runs r
      where r.shard = s.shard and r.tenant = $1::text and r.ended_at is null
        and r.run_id ${lowSign[order]} $2::uuid and r.run_id < $3::uuid
      order by r.run_id ${way[order]} limit $4::int
    ) r
  ) r
  where r.matches or r.nth = $4::int
  order by r.run_id ${way[order]} limit $5::int`;

/** By the time of the end, and among those that ended at once by id, up to an edge. */
function byEnd(order: Order): string {
  const [sign, edge] = order === 'newest' ? ['<', '>='] : ['>', '<'];
  return `select ${columns} from heddle.runs r
    where r.tenant = $1::text and ${hasEnded}
      and (r.ended_at, r.run_id) ${sign} (${atUs('$15')}, $16::uuid) and r.ended_at ${edge} ${atUs('$17')}
    order by r.ended_at ${way[order]}, r.run_id ${way[order]} limit $4::int`;
}

type Kind = keyof typeof along | 'tag' | 'open' | 'end';
/** Which walk, and the values of its index's keys. */
export type Way = { readonly kind: Kind; readonly keys: readonly (string | number)[] };

type Make = (...values: readonly unknown[]) => Call;

const spanParams = [text, uuid, uuid, int, int];

function made(kind: Kind, order: Order, shape: Shape): Make {
  const fields = shape === 'line' ? line : brief;
  const make = (keys: readonly unknown[], sql: string): Make => {
    const params = [...spanParams, ...filterParams, ...keys];
    return statement<readonly unknown[]>(`list_${kind}_${order}_${shape}`, params as never, sql);
  };
  if (kind === 'open') return make([], open(order, fields));
  if (kind === 'tag') return make([text], limited(fields, tagged(order, 15)));
  if (kind === 'end') {
    const inSpan = ` and r.run_id ${lowSign[order]} $2::uuid and r.run_id < $3::uuid`;
    return make([bigint, uuid, bigint], limited(fields, byEnd(order), inSpan));
  }
  return make(
    along[kind].keys.map(() => text),
    limited(fields, keyed(order, kind, 15)),
  );
}

/** The id of the last of so many rows of a walk: the further it lies, the sparser are the rows. */
function probed(kind: Kind, order: Order): Make {
  const keys =
    kind === 'tag' ? [text] : kind in along ? along[kind as 'agent'].keys.map(() => text) : [];
  const rows = kind === 'tag' ? tagged(order, 5) : keyed(order, kind as 'agent', 5);
  return statement<readonly unknown[]>(
    `list_probe_${kind}_${order}`,
    [text, uuid, uuid, int, ...keys] as never,
    `select r.run_id from (${rows}) r offset $4::int - 1 limit 1`,
  );
}

const probedKinds = ['agent', 'user', 'pipeline', 'code', 'parent', 'tag'] as const;
const kinds = ['all', 'outcome', ...probedKinds, 'open', 'end'] as const;

const table = <Of extends Kind>(of: readonly Of[], make: (kind: Of) => Make) =>
  Object.fromEntries(of.map((kind) => [kind, make(kind)])) as Readonly<Record<Of, Make>>;

const makers = {
  line: {
    newest: table(kinds, (kind) => made(kind, 'newest', 'line')),
    oldest: table(kinds, (kind) => made(kind, 'oldest', 'line')),
  },
  brief: { newest: table(kinds, (kind) => made(kind, 'newest', 'brief')) },
  probe: {
    newest: table(probedKinds, (kind) => probed(kind, 'newest')),
    oldest: table(probedKinds, (kind) => probed(kind, 'oldest')),
  },
} as const;

/** A walk of lines in either order; facets are of the newest. */
export type Walk = Span & {
  readonly tenant: string;
  readonly look: number;
  readonly limit: number;
} & (
    | { readonly shape: 'line'; readonly order: Order }
    | { readonly shape: 'brief'; readonly order: 'newest' }
  );

export function walkCall({ kind, keys }: Way, walk: Walk, filter: RunFilter): Call {
  const { tenant, low, high, look, limit } = walk;
  const make = walk.shape === 'brief' ? makers.brief.newest[kind] : makers.line[walk.order][kind];
  return make(tenant, low, high, look, limit, ...filterOf(filter), ...keys);
}

/** Null: this walk is never compared with others. */
export function probeCall({ kind, keys }: Way, walk: Walk, rows: number): Call | null {
  const make = makers.probe[walk.order][kind as (typeof probedKinds)[number]] as Make | undefined;
  return make?.(walk.tenant, walk.low, walk.high, rows, ...keys) ?? null;
}

/** How many open runs match, `$4` at most. */
const openCountStatement = statement<readonly unknown[]>(
  'list_open_count',
  [text, uuid, uuid, int, ...filterParams] as never,
  `select count(*) from (
      select from generate_series(0, ${shardCount - 1}) as s(shard)
      cross join lateral (
        select ${columns} from heddle.runs r
        where r.shard = s.shard and r.tenant = $1::text and r.ended_at is null
          and r.run_id >= $2::uuid and r.run_id < $3::uuid
        offset 0
      ) r
      where ${wantedAt(5)} limit $4::int
    ) found`,
);

export const openCountCall = (
  span: Span & { readonly tenant: string },
  filter: RunFilter,
  max: number,
) => openCountStatement(span.tenant, span.low, span.high, max, ...filterOf(filter));

/** Each parent's children through its own part of their index. */
export const childrenStatement = statement(
  'list_children',
  [text, texts, int],
  `select ${line} from unnest($2::text[]) as i(parent)
    cross join lateral (
      select * from heddle.runs r
      where r.tenant = $1::text and r.parent is not null and ${parentOf} = i.parent
      order by r.run_id limit $3::int
    ) r
    order by i.parent, r.run_id limit $3::int`,
);
