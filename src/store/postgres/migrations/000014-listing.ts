export const listing = `-- Lists of runs. Postgres updates a row in place (HOT) only while no indexed column changes, those of partial
-- indexes too, and a turn changes the status. So the indexes stand on what a start or an end decides: outcome is
-- the status of a run that has ended. It is computed here, so that no writer of any release can forget it.
alter table heddle.runs
  add column outcome text collate "C"
    generated always as (case when ended_at is not null then status end) stored,
  add column tags text[];

create index runs_outcome on heddle.runs (tenant, outcome, run_id) where ended_at is not null;
create index runs_agent on heddle.runs (tenant, agent, outcome, run_id) where ended_at is not null;
create index runs_user on heddle.runs (tenant, user_name, outcome, run_id) where ended_at is not null;
create index runs_pipeline on heddle.runs (tenant, pipeline, run_id) where ended_at is not null;
create index runs_ended_at on heddle.runs (tenant, ended_at, run_id) where ended_at is not null;
-- The code of the error as it stands in the JSON text, and the parent's id.
create index runs_code on heddle.runs
  (tenant, (left(substring(error, '^\\{"code":"((?:[^"\\\\]|\\\\.)*)"'), 256) collate "C"), run_id)
  where error is not null;
create index runs_parent on heddle.runs
  (tenant, (substring(parent, '"runId":"([0-9a-f-]{36})"') collate "C"), run_id) where parent is not null;

create table heddle.run_tags (
  run_id uuid not null,
  tenant text collate "C" not null,
  tag text collate "C" not null,
  primary key (tenant, tag, run_id)
);
`;
