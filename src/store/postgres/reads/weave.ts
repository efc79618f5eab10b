/** The past of runs that are drawn: see weave-port.ts. Each read is a range of an index, and takes no locks. */
import { shardCount } from '../../../domain/ids.ts';
import type { RunStatus } from '../../../../machines/run.ts';
import type { AnswerIn, AskedIn } from '../../caller-port.ts';
import type { StatusTurn } from '../../ports/weave-port.ts';
import type { Pool } from '../link/pool.ts';
import { bigint, column, int, rowStatement, statement, text } from '../link/statement.ts';
import { epochMs } from './run-reads.ts';
import { brief, briefFields } from './watch-reads.ts';

/** As `isDrawn`, of which `every - 1` is the mask. */
const drawn = (mask: string): string =>
  `('x' || right(r.run_id::text, 8))::bit(32)::int & ${mask} = 0`;
const instant = (ms: string): string => `timestamptz 'epoch' + ${ms}::bigint * interval '1 ms'`;

/** Shard by shard: asked for all at once, Postgres takes an index that leads it through ended runs. */
const openStatement = statement(
  'weave_open',
  [text, int, int],
  `select ${epochMs('clock_timestamp()')}, ${briefFields}
    from (values (true)) as asked(one)
    left join lateral (
      select r.* from generate_series(0, ${shardCount - 1}) as s(shard)
      cross join lateral (
        select * from heddle.runs r
        where r.ended_at is null and r.shard = s.shard and r.tenant = $1::text and ${drawn('$2::int')}
        offset 0
      ) r
      limit $3::int
    ) r on true`,
);

export async function weaveOpen(
  pool: Pool,
  { tenant, every, limit }: AskedIn<'weaveOpen'>,
): Promise<AnswerIn<'weaveOpen'>> {
  const rows = await pool.rows(openStatement(tenant, every - 1, limit));
  const atMs = Number(rows[0]?.[0]);
  return { atMs, runs: rows.flatMap(([, ...fields]) => (fields[1] ? [brief(fields)] : [])) };
}

const endedStatement = statement(
  'weave_ended',
  [text, bigint, bigint, int, int],
  `select ${briefFields} from heddle.runs r
    where r.tenant = $1::text and r.ended_at >= ${instant('$2')} and r.ended_at < ${instant('$3')}
      and ${drawn('$4::int')}
    order by r.ended_at desc, r.run_id desc limit $5::int`,
);

export async function weaveEnded(
  pool: Pool,
  { tenant, fromMs, toMs, every, limit }: AskedIn<'weaveEnded'>,
): Promise<AnswerIn<'weaveEnded'>> {
  return (await pool.rows(endedStatement(tenant, fromMs, toMs, every - 1, limit))).map(brief);
}

type Read = { readonly tenant: string; readonly runId: string; readonly beforeTurn: number };

/** The entries of a turn, which may be large, are not read. */
const turnsStatement = rowStatement<Read>(
  'weave_turns',
  [
    column.text(({ tenant }) => tenant),
    column.uuid(({ runId }) => runId),
    column.int(({ beforeTurn }) => beforeTurn),
  ],
  `select i.place, j.turn, ${epochMs('j.at')}, j.status
    from unnest($1::text[], $2::uuid[], $3::int[])
      with ordinality as i(tenant, run_id, before, place)
    cross join lateral (
      select j.turn, j.at, j.status from heddle.journal j
      where j.tenant = i.tenant and j.run_id = i.run_id and j.turn < i.before
      order by j.turn desc limit $4::int
    ) j
    order by i.place, j.turn desc`,
);

export async function statusTurns(
  pool: Pool,
  { tenant, runs, limit }: AskedIn<'statusTurns'>,
): Promise<AnswerIn<'statusTurns'>> {
  if (runs.length === 0) return [];
  const found = runs.map((): StatusTurn[] => []);
  const asked = runs.map((run) => ({ ...run, tenant }));
  for (const [place, turn, at, status] of await pool.rows(turnsStatement(asked, int(limit)))) {
    // The row was written from a run's status.
    const row = { turn: Number(turn), atMs: Number(at), status: (status ?? null) as RunStatus };
    found[Number(place) - 1]?.push(row);
  }
  return found;
}
