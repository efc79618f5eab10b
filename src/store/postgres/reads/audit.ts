/**
 * Counts a tenant's rows to find what is lost, doubled, orphaned or stuck. One statement, so that all
 * figures are of one moment; no counters are kept along the way.
 */
import type { AnswerIn, AskedIn, AuditFacts } from '../../caller-port.ts';
import type { Pool } from '../link/pool.ts';
import { int, statement, text } from '../link/statement.ts';

const auditStatement = statement(
  'audit',
  [text],
  `with run as (
      select run_id, status, turn, ended_at from heddle.runs where tenant = $1::text
    ), channel as (
      select head, pruned from heddle.channels where tenant = $1::text
    ), message as (
      select channel, seq from heddle.messages where tenant = $1::text
    ), subscription as (
      select * from heddle.subscriptions where tenant = $1::text
    ), delivery as (
      select d.channel, d.seq, case when c.consumer_group <> '' then 'group ' || c.consumer_group
        else 'run ' || s.run_id end as taker
      from subscription s
      cross join lateral json_to_recordset(s.delivered::json) as d(channel text, seq bigint)
      left join lateral (
        select c.consumer_group from unnest(s.channels, s.consumer_groups)
          as c(channel, consumer_group) where c.channel = d.channel limit 1
      ) c on true
    ), version as (
      select scope, owner, key, version from heddle.memory_versions where tenant = $1::text
    ), entry as (
      select max(version) as newest from version group by scope, owner, key
    ), evaluation as (
      select evaluator_run_id, subject_run_id from heddle.evaluations where tenant = $1::text
    )
    select json_build_object(
      'runs', (select coalesce(json_object_agg(status, n), '{}')
        from (select status, count(*) as n from run group by status) s),
      'channels', (select count(*) from channel),
      'messages', (select count(*) from message),
      'subscriptions', (select coalesce(json_object_agg(status, n), '{}')
        from (select status, count(*) as n from subscription group by status) s),
      'memoryEntries', (select count(*) from entry),
      'memoryVersions', (select count(*) from version),
      'evaluations', (select count(*) from evaluation),
      'unconsumedMessages', (select count(*) from message m
        left join (select distinct channel, seq from delivery) d using (channel, seq)
        where d.seq is null),
      'doubledMessages', (select count(*) from (
        select from delivery group by channel, seq, taker having count(*) > 1) d),
      'channelGaps', (select coalesce(sum(head - pruned), 0) from channel)
        - (select count(*) from message),
      'memoryGaps', (select coalesce(sum(newest), 0) from entry) - (select count(*) from version),
      'doubledEvaluations', (select count(*) from evaluation where evaluator_run_id <> '')
        - (select count(*) from (
          select distinct * from evaluation where evaluator_run_id <> '') e),
      'orphanedSubscriptions', (select count(*) from subscription s
        left join run r using (run_id)
        where s.status in ('registering', 'waiting') and (r.run_id is null or r.ended_at is not null)),
      'journalGaps', (select coalesce(sum(turn), 0) from run)
        - (select count(*) from heddle.journal j join run using (run_id) where j.tenant = $1::text),
      'slotsInUse', (select count(*) from heddle.provider_slots
        where call is not null and call::json ->> 'tenant' = $1::text))`,
);

export async function audit(pool: Pool, tenant: string): Promise<AuditFacts> {
  const call = auditStatement(tenant);
  const facts = (await pool.rows(call))[0]?.[0] ?? '{}';
  return JSON.parse(facts) as AuditFacts;
}

const audited = [
  'runs',
  'journal',
  'channels',
  'messages',
  'subscriptions',
  'memory_versions',
  'evaluations',
] as const;

const rowsStatement = statement(
  'audit_rows',
  [text, int],
  `select count(*) from (${audited
    .map((table) => `(select from heddle.${table} t where t.tenant = $1::text limit $2::int)`)
    .join(' union all ')}) as t`,
);

export async function auditRows(
  pool: Pool,
  { tenant, max }: AskedIn<'auditRows'>,
): Promise<AnswerIn<'auditRows'>> {
  return Number((await pool.rows(rowsStatement(tenant, max + 1)))[0]?.[0]);
}
