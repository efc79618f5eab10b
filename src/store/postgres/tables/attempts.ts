/** Attempts of provider calls: written with batches that go anyway. reads/attempts.ts reads them. */
import { limits } from '../../../domain/limits.ts';
import type { AttemptInsert } from '../../batch.ts';
import { column, rowStatement } from '../link/statement.ts';

const at = (ms: string): string => `'epoch'::timestamptz + i.${ms} * interval '1 ms'`;

/**
 * Adds the attempts of runs that are still there, and keeps only the newest of each run. Locks: the attempts that
 * go, last of all; their runs' owner is nearly always their only writer.
 */
export const insertAttempts = rowStatement<AttemptInsert>(
  'attempts_insert',
  [
    column.text((row) => row.tenant),
    column.uuid((row) => row.runId),
    column.int((row) => row.turn),
    column.text((row) => row.invocationId),
    column.int((row) => row.incarnation),
    column.int((row) => row.attempt),
    column.int((row) => row.count),
    column.text((row) => row.provider),
    column.text((row) => row.how),
    column.bigint((row) => row.sentAtMs),
    column.bigint((row) => row.endedAtMs),
    column.bigint((row) => row.waitMs ?? null),
    column.text((row) => row.fault ?? null),
    column.text((row) => (row.usage === undefined ? null : JSON.stringify(row.usage))),
  ],
  `with i as materialized (
      select * from unnest($1::text[], $2::uuid[], $3::int[], $4::text[], $5::int[], $6::int[],
        $7::int[], $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::text[],
        $14::text[])
        with ordinality as i(tenant, run_id, turn, invocation_id, incarnation, attempt, count, provider,
          how, sent_ms, ended_ms, wait_ms, fault, usage, place)
    ), known as materialized (
      select distinct tenant, run_id from i order by run_id
    ), old as (
      delete from heddle.attempts a using known
      cross join lateral (
        select x.ctid as row from heddle.attempts x
        where x.tenant = known.tenant and x.run_id = known.run_id
        order by x.turn desc, x.seq desc offset ${limits.attemptsOfRunMax - 1}
      ) x
      where a.ctid = x.row
    )
    insert into heddle.attempts (tenant, run_id, turn, invocation_id, incarnation, attempt, count, provider,
      how, sent_at, ended_at, wait_ms, fault, usage)
    select i.tenant, i.run_id, i.turn, i.invocation_id, i.incarnation, i.attempt, i.count, i.provider,
      i.how, ${at('sent_ms')}, ${at('ended_ms')}, i.wait_ms, i.fault, i.usage
    from i
    cross join lateral (
      select 1 from heddle.runs r where r.tenant = i.tenant and r.run_id = i.run_id offset 0
    ) r
    order by i.place`,
);
