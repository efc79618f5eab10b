/** The past of runs that are drawn: see weave-port.ts. Each read is a range of an index, and takes no locks. */
import type { AttemptEnd } from '../../../domain/calls/attempt.ts';
import { shardCount } from '../../../domain/ids.ts';
import type { RunStatus } from '../../../../machines/run.ts';
import type { AnswerIn, AskedIn } from '../../caller-port.ts';
import {
  readLinesBytesMax,
  takenOfTurnMax,
  type OtherAttempt,
  type StatusTurn,
  type TakenAttempt,
} from '../../ports/weave-port.ts';
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

/**
 * Of a turn's lines, which may be large, only the instants of attempts are told. `octet_length` asks for no bytes of a
 * value that is stored apart; those of a larger one are never read, those of others once, which `|| ''` is for. Texts
 * that `jsonb` refuses are not taken apart: one of them would end the whole statement. A `case` looks before it casts.
 */
const taken = `case when octet_length(j.entries) <= ${readLinesBytesMax} then (
        select case when strpos(lines, '"attempt":{') > 0 and (strpos(lines, '\\u') = 0
            or (strpos(lines, '\\u0000') = 0 and strpos(lines, '\\ud') = 0)) then (
          select jsonb_agg(jsonb_build_array(line->'id', line->'incarnation',
              line->'attempt'->'sentAtMs', line->'attempt'->'endedAtMs') order by n)::text
            from (
              select line, n from jsonb_array_elements(lines::jsonb) with ordinality as e(line, n)
              where line->>'kind' in ('done', 'failed') and line ? 'attempt'
              order by n limit ${takenOfTurnMax}
            ) e
        ) end from (select j.entries || '' offset 0) as l(lines)
      ) end`;

const turnsStatement = rowStatement<Read>(
  'weave_turns',
  [
    column.text(({ tenant }) => tenant),
    column.uuid(({ runId }) => runId),
    column.int(({ beforeTurn }) => beforeTurn),
  ],
  `select i.place, j.turn, ${epochMs('j.at')}, j.status, j.taken
    from unnest($1::text[], $2::uuid[], $3::int[])
      with ordinality as i(tenant, run_id, before, place)
    cross join lateral (
      select j.turn, j.at, j.status, ${taken} as taken from heddle.journal j
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
  for (const fields of await pool.rows(turnsStatement(asked, int(limit)))) {
    const [place, turn, at, status, attempts] = fields;
    const row = {
      turn: Number(turn),
      atMs: Number(at),
      // The row was written from a run's status.
      status: (status ?? null) as RunStatus,
      taken: takenIn(attempts ?? '[]'),
    };
    found[Number(place) - 1]?.push(row);
  }
  return found;
}

function takenIn(text: string): readonly TakenAttempt[] {
  if (text === '[]') return [];
  // As the statement builds it, from lines that were written from these types.
  const rows = JSON.parse(text) as readonly [string, number, number, number][];
  return rows.map(([invocationId, incarnation, sentAtMs, endedAtMs]) => {
    return { invocationId, incarnation, sentAtMs, endedAtMs };
  });
}

type ReadAttempts = {
  readonly tenant: string;
  readonly runId: string;
  readonly fromTurn: number;
};

const attemptsStatement = rowStatement<ReadAttempts>(
  'weave_attempts',
  [
    column.text(({ tenant }) => tenant),
    column.uuid(({ runId }) => runId),
    column.int(({ fromTurn }) => fromTurn),
  ],
  `select i.place, a.turn, a.invocation_id, a.incarnation, a.how, ${epochMs('a.sent_at')},
      ${epochMs('a.ended_at')}
    from unnest($1::text[], $2::uuid[], $3::int[])
      with ordinality as i(tenant, run_id, from_turn, place)
    cross join lateral (
      select a.turn, a.seq, a.invocation_id, a.incarnation, a.how, a.sent_at, a.ended_at
      from heddle.attempts a
      where a.tenant = i.tenant and a.run_id = i.run_id and a.turn >= i.from_turn
      order by a.turn desc, a.seq desc limit $4::int
    ) a
    order by i.place, a.turn desc, a.seq desc`,
);

export async function otherAttempts(
  pool: Pool,
  { tenant, runs, limit }: AskedIn<'otherAttempts'>,
): Promise<AnswerIn<'otherAttempts'>> {
  if (runs.length === 0) return [];
  const found = runs.map((): OtherAttempt[] => []);
  const asked = runs.map((run) => ({ ...run, tenant }));
  for (const fields of await pool.rows(attemptsStatement(asked, int(limit)))) {
    const [place, turn, invocationId, incarnation, how, sentAt, endedAt] = fields;
    found[Number(place) - 1]?.push({
      turn: Number(turn),
      invocationId: invocationId ?? '',
      incarnation: Number(incarnation),
      // Written by `insertAttempts` from these types.
      how: how as AttemptEnd,
      sentAtMs: Number(sentAt),
      endedAtMs: Number(endedAt),
    });
  }
  return found;
}
