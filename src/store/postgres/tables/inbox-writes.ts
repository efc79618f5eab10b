/**
 * Statements that write inbox rows. The column `key` holds `=` and the key that was given, or `#` and
 * a number for a row without a key.
 */
import type { InboxInsert } from '../../rows.ts';
import { column, rowStatement, runColumns, type RunKey } from '../link/statement.ts';

export type InboxTaken = RunKey & { readonly seq: string };

/**
 * Deletes rows that turns took. Locks: after the channels. A publisher that holds a channel, and finds
 * the wake-up of a waiter taken but not committed, waits for that turn. If the turn then waited for
 * the channel, both would stand until Postgres notices the deadlock a second later.
 */
export const takeInbox = rowStatement<InboxTaken>(
  'inbox_take',
  [...runColumns, column.bigint((row) => row.seq)],
  `delete from heddle.inbox b
    using unnest($1::text[], $2::uuid[], $3::bigint[]) as i(tenant, run_id, seq)
    cross join lateral (
      select x.ctid as row from heddle.inbox x
      where x.tenant = i.tenant and x.run_id = i.run_id and x.seq = i.seq offset 0
    ) x
    where b.ctid = x.row`,
);

export type ResultTaken = RunKey & { readonly key: string };

/**
 * Deletes kept results that turns took, by key, because their numbers were never read. Locks: as
 * `takeInbox`.
 */
export const takeResults = rowStatement<ResultTaken>(
  'inbox_take_results',
  [...runColumns, column.text((row) => row.key)],
  `delete from heddle.inbox b
    using unnest($1::text[], $2::uuid[], $3::text[]) as i(tenant, run_id, key)
    cross join lateral (
      select x.ctid as row from heddle.inbox x
      where x.tenant = i.tenant and x.run_id = i.run_id and x.key = '=' || i.key offset 0
    ) x
    where b.ctid = x.row`,
);

/**
 * Writes rows for open runs, and returns the runs that got one. Locks: the new rows, in the order of
 * the batch, after the channels and the rows that turns took.
 */
export const insertInbox = rowStatement<InboxInsert>(
  'inbox_insert',
  [
    ...runColumns,
    column.text((row) => row.kind),
    column.text((row) => row.ref),
    column.text((row) => row.key),
    column.text((row) => row.payloadText),
    column.text((row) => row.by ?? null),
  ],
  `insert into heddle.inbox (tenant, run_id, shard, kind, ref, key, payload, sent_by)
    select i.tenant, i.run_id, r.shard, i.kind, i.ref,
      coalesce('=' || i.key, '#' || nextval('heddle.inbox_seq')), i.payload, i.sent_by
    from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
      with ordinality as i(tenant, run_id, kind, ref, key, payload, sent_by, place)
    cross join lateral (
      select r.shard, r.ended_at from heddle.runs r
      where r.tenant = i.tenant and r.run_id = i.run_id offset 0
    ) r
    where r.ended_at is null
    order by i.place
    on conflict do nothing
    returning tenant, run_id, shard`,
);

/**
 * For each row from outside the status of its run and whether the run has ended, or nulls if there is
 * no run.
 */
export const inboxTargets = rowStatement<InboxInsert>(
  'inbox_targets',
  runColumns,
  `select r.status, r.ended_at is not null
    from unnest($1::text[], $2::uuid[]) with ordinality as i(tenant, run_id, place)
    left join lateral (
      select r.status, r.ended_at from heddle.runs r
      where r.tenant = i.tenant and r.run_id = i.run_id offset 0
    ) r on true
    order by i.place`,
);
