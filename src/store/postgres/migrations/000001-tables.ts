export const tables = `-- Names are compared byte by byte (collate "C") wherever they stand in a key: that is faster than
-- any language's order, and every replica sorts its locks alike whatever the database's locale is.
-- Columns stand widest alignment first where that saves padding.

-- Raised by a guard inside a transaction whose COMMIT is already on its way: nothing of it stays.
create function heddle.refuse(code text) returns void language plpgsql as $$
begin
  raise exception 'heddle refuses this transaction: %', code using errcode = code;
end
$$;

-- What never changes stands first: the WAL of an update on the same page then holds only what lies
-- between the first and the last changed byte. Texts that change are never null ('' stands for
-- null), because a changed null bitmap comes before everything else and would end that saving.
-- Runs are queued small and grow to several times that in their first turns. At a fillfactor of 60
-- a third of their updates had to move to another page, into every index again; at 30 a sixth.
create table heddle.runs (
  run_id uuid not null,
  shard integer not null,
  created_at timestamptz not null default now(),
  tenant text collate "C" not null,
  agent text collate "C" not null,
  version text collate "C" not null,
  user_name text collate "C" not null,
  pipeline text collate "C" not null,
  priority text collate "C" not null default 'normal',
  idempotency_key text collate "C",
  parent text,
  input text not null,
  turn integer not null,
  status text collate "C" not null,
  reason text not null,
  chart text not null,
  held text not null,
  ended_at timestamptz,
  output text,
  error text,
  primary key (tenant, run_id)
) with (fillfactor = 30);
create unique index runs_idempotency on heddle.runs (tenant, idempotency_key)
  where idempotency_key is not null;
create index runs_open on heddle.runs (shard, tenant, run_id) where ended_at is null;
create index runs_ended on heddle.runs using brin (ended_at) with (autosummarize = on);

create table heddle.journal (
  run_id uuid not null,
  turn integer not null,
  at timestamptz not null default now(),
  tenant text collate "C" not null,
  entries text not null,
  primary key (tenant, run_id, turn)
);

-- One index finds a run's rows and holds their keys apart: a row without a key has its number there.
create sequence heddle.inbox_seq;
create table heddle.inbox (
  run_id uuid not null,
  seq bigint not null default nextval('heddle.inbox_seq'),
  shard integer not null,
  tenant text collate "C" not null,
  key text collate "C" not null,
  kind text collate "C" not null,
  ref text,
  payload text,
  primary key (tenant, run_id, key)
);
create index inbox_shard on heddle.inbox (shard, seq);

-- \`pruned\` counts messages that retention has deleted, so that gaps can still be told from them.
create table heddle.channels (
  head bigint not null,
  pruned bigint not null default 0,
  tenant text collate "C" not null,
  channel text collate "C" not null,
  primary key (tenant, channel)
) with (fillfactor = 50);

create table heddle.messages (
  seq bigint not null,
  published_at timestamptz not null default now(),
  tenant text collate "C" not null,
  channel text collate "C" not null,
  message_id text not null,
  run_id text,
  payload text not null,
  primary key (tenant, channel, seq)
);

create table heddle.delayed_messages (
  delayed_id bigint generated always as identity,
  due_at timestamptz not null,
  shard integer not null,
  tenant text collate "C" not null,
  channel text collate "C" not null,
  message_id text not null,
  run_id text,
  payload text not null,
  primary key (tenant, delayed_id)
);
create index delayed_messages_due on heddle.delayed_messages (shard, due_at);

create table heddle.consumer_groups (
  cursor bigint not null,
  tenant text collate "C" not null,
  channel text collate "C" not null,
  consumer_group text collate "C" not null,
  primary key (tenant, channel, consumer_group)
) with (fillfactor = 80);

-- Leases of outside consumers; a row goes when its message is acknowledged.
create table heddle.deliveries (
  seq bigint not null,
  lease_until timestamptz not null,
  token uuid not null,
  attempt integer not null,
  tenant text collate "C" not null,
  channel text collate "C" not null,
  consumer_group text collate "C" not null,
  primary key (tenant, channel, consumer_group, seq)
);

-- \`consumer_groups\` names the group beside each channel, '' where the run receives for itself.
create table heddle.subscriptions (
  run_id uuid not null,
  tenant text collate "C" not null,
  subscription_id text collate "C" not null,
  invocation_id text not null,
  channels text[] not null,
  consumer_groups text[] not null,
  status text collate "C" not null,
  delivered text not null,
  primary key (tenant, subscription_id)
) with (fillfactor = 60);

-- Holds only subscriptions that wait: publishers find here whom to wake.
create table heddle.subscription_channels (
  after bigint not null,
  waiting_since timestamptz not null default clock_timestamp(),
  run_id uuid not null,
  shard integer not null,
  tenant text collate "C" not null,
  channel text collate "C" not null,
  consumer_group text collate "C" not null,
  subscription_id text collate "C" not null,
  primary key (tenant, channel, consumer_group, subscription_id)
);

-- No row per entry: the newest version is one step backward in this index.
create table heddle.memory_versions (
  version integer not null,
  turn integer,
  created_at timestamptz not null default now(),
  tenant text collate "C" not null,
  scope text collate "C" not null,
  owner text collate "C" not null,
  key text collate "C" not null,
  deleted boolean not null,
  run_id text,
  value text not null,
  primary key (tenant, scope, owner, key, version)
);

-- What a model and its run have said to each other, in the order of turn and place.
create table heddle.conversation_entries (
  run_id uuid not null,
  turn integer not null,
  place integer not null,
  tenant text collate "C" not null,
  conversation text collate "C" not null,
  message text not null,
  primary key (tenant, run_id, turn, place)
);

create table heddle.evaluations (
  score double precision not null,
  created_at timestamptz not null default now(),
  tenant text collate "C" not null,
  evaluation_id text collate "C" not null,
  subject_run_id text collate "C" not null,
  evaluator_run_id text collate "C" not null,
  rationale text not null,
  primary key (tenant, evaluation_id)
);
create index evaluations_subject on heddle.evaluations (tenant, subject_run_id);

create table heddle.timers (
  run_id uuid not null,
  due_at timestamptz not null,
  generation integer not null,
  shard integer not null,
  tenant text collate "C" not null,
  timer_id text collate "C" not null,
  primary key (tenant, run_id, timer_id)
);
create index timers_due on heddle.timers (shard, due_at);

-- The last columns name the session that the last heartbeat came over: see replicas.ts.
create table heddle.replicas (
  replica_id uuid primary key,
  renewed_at timestamptz not null,
  lease_until timestamptz not null,
  reconnected_at timestamptz,
  server_began_us bigint not null,
  session_began_us bigint,
  session_pid integer
) with (fillfactor = 50);

create table heddle.shards (
  shard integer primary key,
  epoch integer not null default 0,
  replica_id uuid
) with (fillfactor = 50);
insert into heddle.shards (shard) select generate_series(0, 31);

-- \`call\` is null while the slot holds none; \`call_shard\` is its run's shard.
create table heddle.provider_slots (
  calls bigint not null,
  duplicates bigint not null,
  rate_limited bigint not null,
  sealed bigint not null,
  replica_id uuid not null,
  slot integer not null,
  call_shard integer,
  provider text collate "C" not null,
  status text collate "C" not null,
  call text,
  primary key (provider, replica_id, slot)
) with (fillfactor = 50);

-- A gate is a provider or one model of it. \`call_limit\` is over all replicas.
create table heddle.providers (
  cool_until timestamptz not null,
  probe_at timestamptz not null,
  failed_probes integer not null,
  call_limit integer not null,
  ceiling integer not null,
  gate text collate "C" not null,
  status text collate "C" not null,
  shares_ceiling_with text not null,
  primary key (gate)
);

-- \`owner\` is a run's id, a user's name, '' for the tenant itself; null is no bound. \`is_set\`: by a
-- person, else by the defaults of the replica that reserved last. Cost in millionths of a currency.
create table heddle.budgets (
  spent_tokens bigint not null,
  spent_micros bigint not null,
  reserved_tokens bigint not null,
  reserved_micros bigint not null,
  tokens_max bigint,
  micros_max bigint,
  spent_at timestamptz not null default now(),
  per_day boolean not null,
  is_set boolean not null,
  tenant text collate "C" not null,
  scope text collate "C" not null,
  owner text collate "C" not null,
  primary key (tenant, scope, owner)
) with (fillfactor = 50);

-- What calls hold of their budgets: \`reserved_…\` above is the sum of these.
create table heddle.reservations (
  tokens bigint not null,
  micros bigint not null,
  run_id uuid not null,
  tenant text collate "C" not null,
  call text collate "C" not null,
  user_name text collate "C" not null,
  primary key (tenant, run_id, call)
) with (fillfactor = 50);

-- \`refused\` keeps what became of turns that this batch had to leave out: see commit-replay.ts.
create table heddle.commits (
  commit_id uuid not null,
  at timestamptz not null default now(),
  refused text,
  primary key (commit_id)
);
create index commits_at on heddle.commits using brin (at);
`;
