export const structures = `-- Which code took a run's last turn, and each turn. '' stands for null, as beside it; turns of before
-- have none. Last in the row, where it changes seldom: see the first migration.
alter table heddle.runs add column build text collate "C" not null default '';
alter table heddle.journal add column build text collate "C";

-- What runs of each version of an agent stand on, whoever's runs they are.
create table heddle.structures (
  stored_at timestamptz not null default now(),
  agent text collate "C" not null,
  version text collate "C" not null,
  structure text collate "C" not null,
  primary key (agent, version)
);
`;
