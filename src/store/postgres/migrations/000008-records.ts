export const records = `-- The run's status after the turn. Null for turns of earlier releases.
alter table heddle.journal add column status text collate "C";

-- Attempts of provider calls whose end stands in no journal: those that were answered for nothing, and all that
-- were not answered. Without a foreign key: they are written after the fact, and prove nothing to anybody.
create table heddle.attempts (
  run_id uuid not null,
  seq bigint not null generated always as identity,
  sent_at timestamptz not null,
  ended_at timestamptz not null,
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
  usage text,
  primary key (tenant, run_id, turn, seq)
);
`;
