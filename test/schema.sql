-- Written by test/store/postgres/schema.pg.test.ts; renew it with vitest -u.

create sequence attempts_seq_seq as bigint cache 1;
create sequence delayed_messages_delayed_id_seq as bigint cache 1;
create sequence inbox_seq as bigint cache 1;
create sequence migrations_id_seq as integer cache 1;

create table activity (
  at timestamp with time zone not null,
  step_s integer not null,
  counts text not null
);
create table agents (
  registered_at timestamp with time zone not null default now(),
  agent text collate "C" not null,
  version text collate "C" not null,
  structure text collate "C" not null,
  place integer not null default 0,
  definition_bytes integer,
  definition text,
  input_schema text,
  event_schemas text
);
create table attempts (
  run_id uuid not null,
  seq bigint not null generated always as identity,
  sent_at timestamp with time zone not null,
  ended_at timestamp with time zone not null,
  wait_ms bigint,
  turn integer not null,
  incarnation integer not null,
  attempt integer not null,
  count integer not null,
  tenant text collate "C" not null,
  invocation_id text collate "C" not null,
  provider text collate "C" not null,
  how text collate "C" not null,
  fault text,
  usage text
);
create table budgets (
  spent_tokens bigint not null,
  spent_micros bigint not null,
  reserved_tokens bigint not null,
  reserved_micros bigint not null,
  tokens_max bigint,
  micros_max bigint,
  spent_at timestamp with time zone not null default now(),
  per_day boolean not null,
  is_set boolean not null,
  tenant text collate "C" not null,
  scope text collate "C" not null,
  owner text collate "C" not null
) with (fillfactor=50);
create table channels (
  head bigint not null,
  pruned bigint not null default 0,
  tenant text collate "C" not null,
  channel text collate "C" not null
) with (fillfactor=50);
create table checkpoints (
  run_id uuid not null,
  turn integer not null,
  tenant text collate "C" not null,
  build text collate "C",
  chart text not null
);
create table commits (
  commit_id uuid not null,
  at timestamp with time zone not null default now(),
  refused text,
  told text
);
create table consumer_groups (
  cursor bigint not null,
  tenant text collate "C" not null,
  channel text collate "C" not null,
  consumer_group text collate "C" not null
) with (fillfactor=80);
create table conversation_entries (
  run_id uuid not null,
  turn integer not null,
  place integer not null,
  tenant text collate "C" not null,
  conversation text collate "C" not null,
  message text not null
);
create table delayed_messages (
  delayed_id bigint not null generated always as identity,
  due_at timestamp with time zone not null,
  shard integer not null,
  tenant text collate "C" not null,
  channel text collate "C" not null,
  message_id text not null,
  run_id text,
  payload text not null
);
create table deliveries (
  seq bigint not null,
  lease_until timestamp with time zone not null,
  token uuid not null,
  attempt integer not null,
  tenant text collate "C" not null,
  channel text collate "C" not null,
  consumer_group text collate "C" not null
);
create table evaluations (
  score double precision not null,
  created_at timestamp with time zone not null default now(),
  tenant text collate "C" not null,
  evaluation_id text collate "C" not null,
  subject_run_id text collate "C" not null,
  evaluator_run_id text collate "C" not null,
  rationale text not null,
  agent text collate "C",
  version text collate "C",
  by_name text
);
create table images (
  size integer not null,
  stored_at timestamp with time zone not null default now(),
  tenant text collate "C" not null,
  sha256 text collate "C" not null,
  media_type text not null,
  bytes bytea not null
);
create table inbox (
  run_id uuid not null,
  seq bigint not null default nextval('heddle.inbox_seq'::regclass),
  shard integer not null,
  tenant text collate "C" not null,
  key text collate "C" not null,
  kind text collate "C" not null,
  ref text,
  payload text,
  sent_by text collate "C"
);
create table journal (
  run_id uuid not null,
  turn integer not null,
  at timestamp with time zone not null default now(),
  tenant text collate "C" not null,
  entries text not null,
  build text collate "C",
  status text collate "C"
);
create table memory_versions (
  version integer not null,
  turn integer,
  created_at timestamp with time zone not null default now(),
  tenant text collate "C" not null,
  scope text collate "C" not null,
  owner text collate "C" not null,
  key text collate "C" not null,
  deleted boolean not null,
  run_id text,
  value text not null
);
create table messages (
  seq bigint not null,
  published_at timestamp with time zone not null default now(),
  tenant text collate "C" not null,
  channel text collate "C" not null,
  message_id text not null,
  run_id text,
  payload text not null
);
create table provider_slots (
  calls bigint not null,
  duplicates bigint not null,
  rate_limited bigint not null,
  sealed bigint not null,
  replica_id uuid not null,
  slot integer not null,
  call_shard integer,
  provider text collate "C" not null,
  status text collate "C" not null,
  call text
) with (fillfactor=50);
create table providers (
  cool_until timestamp with time zone not null,
  probe_at timestamp with time zone not null,
  failed_probes integer not null,
  call_limit integer not null,
  ceiling integer not null,
  gate text collate "C" not null,
  status text collate "C" not null,
  shares_ceiling_with text not null,
  last_fault text,
  last_fault_at timestamp with time zone,
  order_number bigint,
  ordered_at timestamp with time zone,
  order_ends_cooling boolean,
  order_kind text collate "C",
  ordered_by text collate "C"
);
create table questions (
  run_id uuid not null,
  asked_at timestamp with time zone not null default now(),
  incarnation integer not null,
  answered boolean not null default false,
  tenant text collate "C" not null,
  invocation_id text collate "C" not null,
  question text not null,
  agent text collate "C",
  assignee text collate "C"
) with (fillfactor=80);
create table relay_secret (
  only_row boolean not null default true,
  secret text not null
);
create table replicas (
  replica_id uuid not null,
  renewed_at timestamp with time zone not null,
  lease_until timestamp with time zone not null,
  reconnected_at timestamp with time zone,
  server_began_us bigint not null,
  session_began_us bigint,
  session_pid integer,
  release integer,
  address text,
  lines text
) with (fillfactor=50);
create table requests (
  at timestamp with time zone not null default now(),
  tenant text collate "C" not null,
  key text collate "C" not null,
  route text collate "C" not null,
  hash text collate "C" not null,
  answer text not null,
  holder uuid
);
create table reservations (
  tokens bigint not null,
  micros bigint not null,
  run_id uuid not null,
  tenant text collate "C" not null,
  call text collate "C" not null,
  user_name text collate "C" not null
) with (fillfactor=50);
create table run_images (
  run_id uuid not null,
  tenant text collate "C" not null,
  sha256 text collate "C" not null
);
create table run_tags (
  run_id uuid not null,
  tenant text collate "C" not null,
  tag text collate "C" not null
);
create table runs (
  run_id uuid not null,
  shard integer not null,
  created_at timestamp with time zone not null default now(),
  tenant text collate "C" not null,
  agent text collate "C" not null,
  version text collate "C" not null,
  user_name text collate "C" not null,
  pipeline text collate "C" not null,
  priority text collate "C" not null default 'normal'::text,
  idempotency_key text collate "C",
  parent text,
  input text not null,
  turn integer not null,
  status text collate "C" not null,
  reason text not null,
  chart text not null,
  held text not null,
  ended_at timestamp with time zone,
  output text,
  error text,
  build text collate "C" not null default ''::text,
  start_hash text,
  outcome text collate "C" default 
CASE
    WHEN (ended_at IS NOT NULL) THEN status
    ELSE NULL::text
END,
  tags text[]
) with (fillfactor=30);
create table sent_keys (
  run_id uuid not null,
  seq bigint not null default nextval('heddle.inbox_seq'::regclass),
  sent_at timestamp with time zone not null default now(),
  commit_id uuid not null,
  tenant text collate "C" not null,
  key text collate "C" not null,
  hash text not null
);
create table shards (
  shard integer not null,
  epoch integer not null default 0,
  replica_id uuid
) with (fillfactor=50);
create table subscription_channels (
  after bigint not null,
  waiting_since timestamp with time zone not null default clock_timestamp(),
  run_id uuid not null,
  shard integer not null,
  tenant text collate "C" not null,
  channel text collate "C" not null,
  consumer_group text collate "C" not null,
  subscription_id text collate "C" not null
);
create table subscriptions (
  run_id uuid not null,
  tenant text collate "C" not null,
  subscription_id text collate "C" not null,
  invocation_id text not null,
  channels text[] not null,
  consumer_groups text[] not null,
  status text collate "C" not null,
  delivered text not null
) with (fillfactor=60);
create table timers (
  run_id uuid not null,
  due_at timestamp with time zone not null,
  generation integer not null,
  shard integer not null,
  tenant text collate "C" not null,
  timer_id text collate "C" not null
);
create table tokens (
  created_at timestamp with time zone not null default now(),
  revoked_at timestamp with time zone,
  name text collate "C" not null,
  hash text collate "C" not null,
  tenant text collate "C",
  scopes text[] not null
);

alter table heddle.activity add PRIMARY KEY (step_s, at);
alter table heddle.agents add PRIMARY KEY (agent, version);
alter table heddle.attempts add PRIMARY KEY (tenant, run_id, turn, seq);
alter table heddle.budgets add PRIMARY KEY (tenant, scope, owner);
alter table heddle.channels add PRIMARY KEY (tenant, channel);
alter table heddle.checkpoints add PRIMARY KEY (tenant, run_id, turn);
alter table heddle.commits add PRIMARY KEY (commit_id);
alter table heddle.consumer_groups add PRIMARY KEY (tenant, channel, consumer_group);
alter table heddle.conversation_entries add PRIMARY KEY (tenant, run_id, turn, place);
alter table heddle.delayed_messages add PRIMARY KEY (tenant, delayed_id);
alter table heddle.deliveries add PRIMARY KEY (tenant, channel, consumer_group, seq);
alter table heddle.evaluations add PRIMARY KEY (tenant, evaluation_id);
alter table heddle.images add PRIMARY KEY (tenant, sha256);
alter table heddle.inbox add PRIMARY KEY (tenant, run_id, key);
alter table heddle.journal add PRIMARY KEY (tenant, run_id, turn);
alter table heddle.memory_versions add PRIMARY KEY (tenant, scope, owner, key, version);
alter table heddle.messages add PRIMARY KEY (tenant, channel, seq);
alter table heddle.provider_slots add PRIMARY KEY (provider, replica_id, slot);
alter table heddle.providers add PRIMARY KEY (gate);
alter table heddle.questions add PRIMARY KEY (tenant, run_id, invocation_id);
alter table heddle.relay_secret add CHECK (only_row);
alter table heddle.relay_secret add PRIMARY KEY (only_row);
alter table heddle.replicas add PRIMARY KEY (replica_id);
alter table heddle.requests add PRIMARY KEY (tenant, key);
alter table heddle.reservations add PRIMARY KEY (tenant, run_id, call);
alter table heddle.run_images add PRIMARY KEY (tenant, run_id, sha256);
alter table heddle.run_tags add PRIMARY KEY (tenant, tag, run_id);
alter table heddle.runs add PRIMARY KEY (tenant, run_id);
alter table heddle.sent_keys add PRIMARY KEY (tenant, run_id, key);
alter table heddle.shards add PRIMARY KEY (shard);
alter table heddle.subscription_channels add PRIMARY KEY (tenant, channel, consumer_group, subscription_id);
alter table heddle.subscriptions add PRIMARY KEY (tenant, subscription_id);
alter table heddle.timers add PRIMARY KEY (tenant, run_id, timer_id);
alter table heddle.tokens add UNIQUE (hash);
alter table heddle.tokens add PRIMARY KEY (name);

CREATE INDEX commits_at ON heddle.commits USING brin (at);
CREATE INDEX delayed_messages_due ON heddle.delayed_messages USING btree (shard, due_at);
CREATE INDEX evaluations_agent ON heddle.evaluations USING btree (tenant, agent, version, evaluation_id);
CREATE INDEX evaluations_subject ON heddle.evaluations USING btree (tenant, subject_run_id);
CREATE INDEX images_stored_at ON heddle.images USING btree (stored_at);
CREATE INDEX inbox_shard ON heddle.inbox USING btree (shard, seq);
CREATE INDEX questions_agent ON heddle.questions USING btree (tenant, agent, asked_at, run_id, invocation_id) WHERE (NOT answered);
CREATE INDEX questions_assignee ON heddle.questions USING btree (tenant, assignee, asked_at, run_id, invocation_id) WHERE (NOT answered);
CREATE INDEX questions_open ON heddle.questions USING btree (tenant, asked_at, run_id, invocation_id) WHERE (NOT answered);
CREATE INDEX requests_at ON heddle.requests USING brin (at) WITH (autosummarize='on');
CREATE INDEX run_images_image ON heddle.run_images USING btree (tenant, sha256);
CREATE INDEX runs_agent ON heddle.runs USING btree (tenant, agent, outcome, run_id) WHERE (ended_at IS NOT NULL);
CREATE INDEX runs_code ON heddle.runs USING btree (tenant, "left"("substring"(error, '^\{"code":"((?:[^"\\]|\\.)*)"'::text), 256) COLLATE "C", run_id) WHERE (error IS NOT NULL);
CREATE INDEX runs_ended ON heddle.runs USING brin (ended_at) WITH (autosummarize='on');
CREATE INDEX runs_ended_at ON heddle.runs USING btree (tenant, ended_at, run_id) WHERE (ended_at IS NOT NULL);
CREATE UNIQUE INDEX runs_idempotency ON heddle.runs USING btree (tenant, idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE INDEX runs_open ON heddle.runs USING btree (shard, tenant, run_id) WHERE (ended_at IS NULL);
CREATE INDEX runs_outcome ON heddle.runs USING btree (tenant, outcome, run_id) WHERE (ended_at IS NOT NULL);
CREATE INDEX runs_parent ON heddle.runs USING btree (tenant, "substring"(parent, '"runId":"([0-9a-f-]{36})"'::text) COLLATE "C", run_id) WHERE (parent IS NOT NULL);
CREATE INDEX runs_pipeline ON heddle.runs USING btree (tenant, pipeline, run_id) WHERE (ended_at IS NOT NULL);
CREATE INDEX runs_user ON heddle.runs USING btree (tenant, user_name, outcome, run_id) WHERE (ended_at IS NOT NULL);
CREATE INDEX sent_keys_newest ON heddle.sent_keys USING btree (tenant, run_id, seq);
CREATE INDEX sent_keys_sent_at ON heddle.sent_keys USING brin (sent_at) WITH (autosummarize='on');
CREATE INDEX timers_due ON heddle.timers USING btree (shard, due_at);

CREATE OR REPLACE FUNCTION heddle.assignee_of(question text)
 RETURNS text
 LANGUAGE plpgsql
AS $function$
begin
  return question::json ->> 'assignee';
exception when others then
  return null;
end
$function$
;
CREATE OR REPLACE FUNCTION heddle.complete_evaluation()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if new.subject_run_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    select r.agent, r.version into new.agent, new.version from heddle.runs r
      where r.tenant = new.tenant and r.run_id = new.subject_run_id::uuid;
  end if;
  return new;
end
$function$
;
CREATE OR REPLACE FUNCTION heddle.complete_question()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  select r.agent into new.agent from heddle.runs r
    where r.tenant = new.tenant and r.run_id = new.run_id;
  new.assignee := heddle.assignee_of(new.question);
  return new;
end
$function$
;
CREATE OR REPLACE FUNCTION heddle.refuse(code text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'heddle refuses this transaction: %', code using errcode = code;
end
$function$
;
CREATE OR REPLACE FUNCTION heddle.refuse_ended_replica()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if not exists (
    select from heddle.replicas r
    where r.replica_id = new.replica_id and r.lease_until > clock_timestamp()
  ) then
    raise exception 'this replica is of an earlier release than the database; start it again with this one'
      using errcode = 'object_not_in_prerequisite_state';
  end if;
  return new;
end
$function$
;
