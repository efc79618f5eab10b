export const answers = `-- What runs ask people, as long as it is open. An answer is accepted when the row of its question is
-- there, with this incarnation and without an answer; the turn that closes a question deletes it.
create table heddle.questions (
  run_id uuid not null,
  asked_at timestamptz not null default now(),
  incarnation integer not null,
  answered boolean not null default false,
  tenant text collate "C" not null,
  invocation_id text collate "C" not null,
  question text not null,
  primary key (tenant, run_id, invocation_id)
) with (fillfactor = 80);

-- Keys under which events were sent to runs, with a hash of the event. \`seq\` says which came last.
create table heddle.sent_keys (
  run_id uuid not null,
  seq bigint not null default nextval('heddle.inbox_seq'),
  sent_at timestamptz not null default now(),
  commit_id uuid not null,
  tenant text collate "C" not null,
  key text collate "C" not null,
  hash text not null,
  primary key (tenant, run_id, key)
);
create index sent_keys_newest on heddle.sent_keys (tenant, run_id, seq);
create index sent_keys_sent_at on heddle.sent_keys using brin (sent_at) with (autosummarize = on);

-- What became of arrivals that count once, for whoever sends the same commit again.
alter table heddle.commits add column told text;

-- Questions that were open before this migration: a run's row has their words in \`held\`, and the
-- incarnation of their invocations in \`chart\`.
insert into heddle.questions (tenant, run_id, invocation_id, incarnation, question)
select r.tenant, r.run_id, a.key, (c.value->>'incarnation')::int, a.value::text
from (
  select tenant, run_id, chart::json as chart, held::json as held from heddle.runs
  where ended_at is null and chart <> '' and held like '%"asks":{"%' offset 0
) r
cross join lateral json_each(r.held->'asks') a
cross join lateral json_array_elements(r.chart->'children') c
where c.value->>'id' = a.key and c.value->'ended' is null
order by r.tenant, r.run_id, a.key;

-- Answers that such runs have yet to take: the first to each question is its answer. Others keep a
-- \`ref\` that names no question, and are dropped by the turn that takes them.
with first as (
  select distinct on (b.tenant, b.run_id, b.ref) b.tenant, b.run_id, b.key, q.invocation_id,
    b.run_id::text || ':' || q.invocation_id || ':' || q.incarnation as ask_id
  from heddle.inbox b
  join heddle.questions q
    on q.tenant = b.tenant and q.run_id = b.run_id and q.invocation_id = b.ref collate "C"
  where b.kind = 'answer'
  order by b.tenant, b.run_id, b.ref, b.seq
), marked as (
  update heddle.questions q set answered = true from first f
  where q.tenant = f.tenant and q.run_id = f.run_id and q.invocation_id = f.invocation_id
)
update heddle.inbox b set ref = f.ask_id, key = '=answer:' || f.ask_id from first f
where b.tenant = f.tenant and b.run_id = f.run_id and b.key = f.key;
`;
