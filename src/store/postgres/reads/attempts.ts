/** Attempts of one run's calls, in pages. */
import type { AttemptEnd, AttemptNote } from '../../../domain/calls/attempt.ts';
import type { AnswerIn, AskedIn } from '../../caller-port.ts';
import type { Pool } from '../link/pool.ts';
import { bigint, int, statement, text, uuid } from '../link/statement.ts';
import { epochMs } from './run-reads.ts';

const readStatement = statement(
  'attempts_read',
  [text, uuid, int, bigint, int],
  `select a.turn, a.seq, a.invocation_id, a.incarnation, a.attempt, a.count, a.provider, a.how,
      ${epochMs('a.sent_at')}, ${epochMs('a.ended_at')}, a.wait_ms, a.fault, a.usage
    from heddle.attempts a
    where a.tenant = $1::text and a.run_id = $2::uuid
      and (a.turn, a.seq) > ($3::int, coalesce($4::bigint, ${String(2n ** 63n - 1n)}))
    order by a.turn, a.seq limit $5::int`,
);

export async function readAttempts(
  pool: Pool,
  { tenant, runId, afterTurn, afterSeq, limit }: AskedIn<'attempts'>,
): Promise<AnswerIn<'attempts'>> {
  const rows = await pool.rows(readStatement(tenant, runId, afterTurn, afterSeq, limit));
  return rows.map((fields) => {
    const [turn, seq, invocationId, incarnation, attempt, count, provider, how] = fields;
    const [sentAt, endedAt, waitMs = null, fault = null, usage = null] = fields.slice(8);
    return {
      turn: Number(turn),
      seq: seq ?? '',
      invocationId: invocationId ?? '',
      incarnation: Number(incarnation),
      attempt: Number(attempt),
      count: Number(count),
      provider: provider ?? '',
      // Written by `insertAttempts` from these types.
      how: how as AttemptEnd,
      sentAtMs: Number(sentAt),
      endedAtMs: Number(endedAt),
      ...(waitMs === null ? {} : { waitMs: Number(waitMs) }),
      ...(fault === null ? {} : { fault }),
      ...(usage === null ? {} : { usage: JSON.parse(usage) as NonNullable<AttemptNote['usage']> }),
    };
  });
}
