export const operations = `-- Whose inbox a question is in, and which agent asks: so that open questions of all runs are listed by key.
alter table heddle.questions
  add column agent text collate "C",
  add column assignee text collate "C";

create function heddle.assignee_of(question text) returns text language plpgsql as $$
begin
  return question::json ->> 'assignee';
exception when others then
  return null;
end
$$;
update heddle.questions q set agent = r.agent, assignee = heddle.assignee_of(q.question)
  from heddle.runs r where r.tenant = q.tenant and r.run_id = q.run_id;

-- Replicas of earlier releases, which work on beside newer ones, write neither.
create function heddle.complete_question() returns trigger language plpgsql as $$
begin
  select r.agent into new.agent from heddle.runs r
    where r.tenant = new.tenant and r.run_id = new.run_id;
  new.assignee := heddle.assignee_of(new.question);
  return new;
end
$$;
create trigger questions_incomplete before insert on heddle.questions for each row
  when (new.agent is null) execute function heddle.complete_question();

create index questions_open on heddle.questions (tenant, asked_at, run_id, invocation_id)
  where not answered;
create index questions_assignee on heddle.questions
  (tenant, assignee, asked_at, run_id, invocation_id) where not answered;
create index questions_agent on heddle.questions
  (tenant, agent, asked_at, run_id, invocation_id) where not answered;

-- What was going on, as it was counted: one row for each step of 5 s in the last hour and of a minute in the last
-- week, written by the replica that holds shard 0. counts: JSON.
create table heddle.activity (
  at timestamptz not null,
  step_s integer not null,
  counts text not null,
  primary key (step_s, at)
);
`;
