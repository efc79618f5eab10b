/**
 * Statements that write inbox rows. The column `key` holds `=` and the key that was given, or `#` and
 * a number for a row without a key.
 */
import type { InboxInsert } from '../../rows.ts';
import {
  bigintColumn,
  callWith,
  runColumns,
  textColumn,
  uuidColumn,
  type Call,
  type Column,
  statement,
} from '../link/statement.ts';

export type InboxTaken = {
  readonly tenant: string;
  readonly runId: string;
  readonly seq: string;
};

/**
 * Deletes rows that turns took. Locks: after the channels. A publisher that holds a channel, and finds
 * the wake-up of a waiter taken but not committed, waits for that turn. If the turn then waited for
 * the channel, both would stand until Postgres notices the deadlock a second later.
 */
const takeInboxStatement = statement(
  'inbox_take',
  `delete from heddle.inbox b
    using unnest($1::text[], $2::uuid[], $3::bigint[]) as i(tenant, run_id, seq)
    cross join lateral (
      select x.ctid as row from heddle.inbox x
      where x.tenant = i.tenant and x.run_id = i.run_id and x.seq = i.seq offset 0
    ) x
    where b.ctid = x.row`,
);

const takenColumns: readonly Column<InboxTaken>[] = [...runColumns, bigintColumn((row) => row.seq)];

export function takeInbox(rows: readonly InboxTaken[]): Call {
  return callWith(takeInboxStatement, takenColumns, rows);
}

export type ResultTaken = { readonly tenant: string; readonly runId: string; readonly key: string };

/**
 * Deletes kept results that turns took, by key, because their numbers were never read. Locks: as
 * `takeInbox`.
 */
const takeResultsStatement = statement(
  'inbox_take_results',
  `delete from heddle.inbox b
    using unnest($1::text[], $2::uuid[], $3::text[]) as i(tenant, run_id, key)
    cross join lateral (
      select x.ctid as row from heddle.inbox x
      where x.tenant = i.tenant and x.run_id = i.run_id and x.key = '=' || i.key offset 0
    ) x
    where b.ctid = x.row`,
);

const resultColumns: readonly Column<ResultTaken>[] = [...runColumns, textColumn((row) => row.key)];

export function takeResults(rows: readonly ResultTaken[]): Call {
  return callWith(takeResultsStatement, resultColumns, rows);
}

/**
 * Writes rows for open runs, and returns the runs that got one. Locks: the new rows, in the order of
 * the batch, after the channels and the rows that turns took.
 */
const insertInboxStatement = statement(
  'inbox_insert',
  `insert into heddle.inbox (tenant, run_id, shard, kind, ref, key, payload)
    select i.tenant, i.run_id, r.shard, i.kind, i.ref,
      coalesce('=' || i.key, '#' || nextval('heddle.inbox_seq')), i.payload
    from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
      with ordinality as i(tenant, run_id, kind, ref, key, payload, place)
    cross join lateral (
      select r.shard, r.ended_at from heddle.runs r
      where r.tenant = i.tenant and r.run_id = i.run_id offset 0
    ) r
    where r.ended_at is null
    order by i.place
    on conflict do nothing
    returning tenant, run_id, shard`,
);

const inboxColumns: readonly Column<InboxInsert>[] = [
  textColumn((row) => row.tenant),
  uuidColumn((row) => row.runId),
  textColumn((row) => row.kind),
  textColumn((row) => row.ref),
  textColumn((row) => row.key),
  textColumn((row) => row.payloadText),
];

export function insertInbox(rows: readonly InboxInsert[]): Call {
  return callWith(insertInboxStatement, inboxColumns, rows);
}

/**
 * For each row from outside the status of its run and whether the run has ended, or nulls if there is
 * no run.
 */
const inboxTargetsStatement = statement(
  'inbox_targets',
  `select r.status, r.ended_at is not null
    from unnest($1::text[], $2::uuid[]) with ordinality as i(tenant, run_id, place)
    left join lateral (
      select r.status, r.ended_at from heddle.runs r
      where r.tenant = i.tenant and r.run_id = i.run_id offset 0
    ) r on true
    order by i.place`,
);

export function inboxTargets(rows: readonly InboxInsert[]): Call {
  return callWith(inboxTargetsStatement, runColumns, rows);
}
