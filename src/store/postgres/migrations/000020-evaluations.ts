export const evaluations = `-- Which agent and version the judged run is of, so that evaluations are listed and counted by them after the run was
-- pruned; and who has judged it from outside runs.
alter table heddle.evaluations
  add column agent text collate "C",
  add column version text collate "C",
  add column by_name text;
update heddle.evaluations e set agent = r.agent, version = r.version
  from heddle.runs r where r.tenant = e.tenant and r.run_id::text = e.subject_run_id;

-- Written here, because replicas of earlier releases, which work on beside newer ones, write neither.
create function heddle.complete_evaluation() returns trigger language plpgsql as $$
begin
  if new.subject_run_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    select r.agent, r.version into new.agent, new.version from heddle.runs r
      where r.tenant = new.tenant and r.run_id = new.subject_run_id::uuid;
  end if;
  return new;
end
$$;
create trigger evaluations_incomplete before insert on heddle.evaluations for each row
  when (new.agent is null) execute function heddle.complete_evaluation();

create index evaluations_agent on heddle.evaluations (tenant, agent, version, evaluation_id);
`;
