/**
 * Writes arrivals, some of which count only once (promise 12): answers, and events with a key. One
 * statement decides about each row, remembers those that counted, and writes the inbox rows of the
 * accepted ones.
 */
import { createHash } from 'node:crypto';
import { heddleError, type ErrorRecord } from '../../../domain/errors.ts';
import { limits } from '../../../domain/limits.ts';
import type { FateOf } from '../../fates.ts';
import type { InboxArrival } from '../../rows.ts';
import type { QuestionKey } from './question-writes.ts';
import {
  column,
  int,
  rowStatement,
  runColumns,
  uuid,
  type Call,
  type Fields,
} from '../link/statement.ts';

/** The statement's decision about a row, in the batch's order. */
type Verdict =
  'accepted' | 'run-unknown' | 'run-ended' | 'ask-unknown' | 'ask-answered' | 'send-key-used';

const keyEnds = `now() - ${limits.sendKeyMs} * interval '1 ms'`;

/**
 * Returns a row for each run that got an inbox row, with a null place, and a row for each arrival with
 * its place, verdict and the status of its run. The verdicts are kept with the commit, so that a
 * replay of the commit can answer with them. `in` stands only in select lists, where Postgres looks it
 * up in a hash. Locks: the questions are locked already (question-writes.ts); then the keys, sorted;
 * then the new inbox rows.
 */
const acceptStatement = rowStatement<InboxArrival>(
  'inbox_accept',
  [
    ...runColumns,
    column.text((row) => row.kind),
    column.text((row) => row.ref),
    column.text((row) => row.key),
    column.text((row) => row.payloadText),
    column.text(({ once }) => (once?.kind === 'answer' ? once.invocationId : null)),
    column.int(({ once }) => (once?.kind === 'answer' ? once.incarnation : null)),
    column.text(({ once }) => (once?.kind === 'event' ? once.key : null)),
    column.text(({ once }) => (once?.kind === 'event' ? hashOf(once.eventText) : null)),
    column.text((row) => row.by ?? null),
  ],
  `with i as materialized (
      select i.*, r.shard, r.status, r.ended_at is null as open, q.row as question,
        q.answered, row_number() over (
          partition by i.tenant, i.run_id, i.invocation_id, i.incarnation, i.send_key
          order by i.place) as nth,
        case when i.send_key is not null then (
          select k.hash from heddle.sent_keys k
          where k.tenant = i.tenant and k.run_id = i.run_id and k.key = i.send_key
            and k.sent_at >= ${keyEnds}) end as known_hash
      from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
          $7::text[], $8::int[], $9::text[], $10::text[], $11::text[]) with ordinality
        as i(tenant, run_id, kind, ref, key, payload, invocation_id, incarnation, send_key, hash,
          sent_by, place)
      left join lateral (
        select r.shard, r.status, r.ended_at from heddle.runs r
        where r.tenant = i.tenant and r.run_id = i.run_id offset 0
      ) r on true
      left join lateral (
        select x.ctid as row, x.answered from heddle.questions x
        where x.tenant = i.tenant and x.run_id = i.run_id and x.invocation_id = i.invocation_id
          and x.incarnation = i.incarnation offset 0
      ) q on true
    ), answers as (
      update heddle.questions q set answered = true from i
      where q.ctid = i.question and i.nth = 1 and i.open and not i.answered
      returning i.place
    ), keys as (
      insert into heddle.sent_keys as k (tenant, run_id, key, hash, commit_id)
      select tenant, run_id, send_key, hash, $12::uuid from i
      where send_key is not null and shard is not null and open and nth = 1
      order by tenant, run_id, send_key
      on conflict (tenant, run_id, key) do update set
        hash = case when k.sent_at < ${keyEnds} then excluded.hash else k.hash end,
        commit_id = case when k.sent_at < ${keyEnds} then excluded.commit_id else k.commit_id end,
        seq = case when k.sent_at < ${keyEnds} then excluded.seq else k.seq end,
        sent_at = case when k.sent_at < ${keyEnds} then excluded.sent_at else k.sent_at end
      returning k.tenant, k.run_id, k.key, k.hash, k.commit_id
    ), judged as materialized (
      select i.*, case
          when shard is null then 'run-unknown'
          when not open and known_hash = hash then 'accepted'
          when not open and known_hash is not null then 'send-key-used'
          when not open then 'run-ended'
          when invocation_id is not null and question is null then 'ask-unknown'
          when invocation_id is not null and not (place in (select place from answers))
            then 'ask-answered'
          when send_key is not null and not ((tenant, run_id, send_key, hash) in (
            select tenant, run_id, key, hash from keys)) then 'send-key-used'
          else 'accepted' end as verdict,
        send_key is null or (nth = 1 and (tenant, run_id, send_key) in (
          select tenant, run_id, key from keys where commit_id = $12::uuid)) as first
      from i
    ), put as (
      insert into heddle.inbox (tenant, run_id, shard, kind, ref, key, payload, sent_by)
      select tenant, run_id, shard, kind, ref,
        coalesce('=' || key, '#' || nextval('heddle.inbox_seq')), payload, sent_by
      from judged where verdict = 'accepted' and open and first
      order by place
      on conflict do nothing
      returning tenant, run_id, shard
    ), kept as (
      update heddle.commits c
      set told = (select json_agg(json_build_array(place, verdict, status)) from judged)
      where c.commit_id = $12::uuid
    )
    select tenant, run_id, shard, null::bigint as place, null as verdict, null as status from put
    union all
    select null, null, null, place, verdict, status from judged
    order by place`,
);

/** An event may be a megabyte, and a hash is enough to tell it from another. */
const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url');

/**
 * The calls that write these arrivals. If none of them counts only once, or has a request, all are `plain`, and are
 * written with the turns' own inbox rows. `answered`: the questions that must be locked before.
 */
export function arrivalCalls(
  rows: readonly InboxArrival[],
  commitId: string,
): {
  readonly plain: readonly InboxArrival[];
  readonly answered: readonly QuestionKey[];
  readonly accepting: Call | null;
  readonly bound: Call | null;
} {
  if (rows.every(({ once, request }) => once === undefined && request === undefined)) {
    return { plain: rows, answered: [], accepting: null, bound: null };
  }
  const answered = rows.flatMap(({ tenant, runId, once }) =>
    once?.kind === 'answer' ? [{ tenant, runId, invocationId: once.invocationId }] : [],
  );
  const accepting = acceptStatement(rows, uuid(commitId));
  return { plain: [], answered, accepting, bound: boundKeys(rows) };
}

/** Keeps the newest keys of a run. Locks: the keys that are deleted, after the new ones. */
const boundKeysStatement = rowStatement(
  'sent_keys_bound',
  runColumns,
  `delete from heddle.sent_keys k
    using unnest($1::text[], $2::uuid[]) as i(tenant, run_id)
    cross join lateral (
      select x.ctid as row from heddle.sent_keys x
      where x.tenant = i.tenant and x.run_id = i.run_id
      order by x.tenant, x.run_id, x.seq desc offset $3::int
    ) x
    where k.ctid = x.row`,
);

/** Null if no row has a key. */
function boundKeys(rows: readonly InboxArrival[]): Call | null {
  const runs = new Map<string, InboxArrival>();
  for (const row of rows) {
    if (row.once?.kind === 'event') runs.set(`${row.tenant}\u0000${row.runId}`, row);
  }
  if (runs.size === 0) return null;
  const sorted = [...runs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  return boundKeysStatement(sorted, int(limits.sendKeysMax));
}

/** Why rows were refused; null for those that were accepted. By index of `rows`. */
export type InboxFates = readonly (FateOf['inbox'] | null)[];

/** From the statement's own result. */
export function judgedFates(rows: readonly InboxArrival[], answer: readonly Fields[]): InboxFates {
  const judged = answer.filter(([, , , place]) => place !== null);
  return rows.map((row, i) => {
    const [, , , , verdict, status] = judged[i] ?? [];
    return fateOf(row, verdict as Verdict, status ?? null);
  });
}

/** The same, from the verdicts that the commit has kept. */
export function keptInboxFates(rows: readonly InboxArrival[], told: string): InboxFates {
  const kept = JSON.parse(told) as readonly [number, Verdict, string | null][];
  const byPlace = new Map(kept.map(([place, verdict, status]) => [place, { verdict, status }]));
  return rows.map((row, i) => {
    const { verdict = 'accepted', status = null } = byPlace.get(i + 1) ?? {};
    return fateOf(row, verdict, status);
  });
}

function fateOf(
  row: InboxArrival,
  verdict: Verdict,
  status: string | null,
): FateOf['inbox'] | null {
  if (verdict === 'accepted') return null;
  return { kind: 'refused', error: refusalOf(row, verdict, status) };
}

function refusalOf(
  { runId, ref, once }: InboxArrival,
  verdict: Exclude<Verdict, 'accepted'>,
  status: string | null,
): ErrorRecord {
  const detail = {
    'run-unknown': { runId },
    'run-ended': { runId, status },
    'ask-unknown': { runId, askId: ref },
    'ask-answered': { runId, askId: ref },
    'send-key-used': { runId, key: once?.kind === 'event' ? once.key : null },
  };
  return heddleError(verdict, detail[verdict]).toJSON();
}
