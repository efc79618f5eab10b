export const releases = `-- Which release a replica is of: null for those of before this migration. They work on beside newer ones,
-- which write what both can read as long as one of them lives.
alter table heddle.replicas add column release integer;

-- Once such a replica's lease has ended, newer ones write what it cannot read. So it does not come back.
create function heddle.refuse_ended_replica() returns trigger language plpgsql as $$
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
$$;
create trigger replicas_ended before insert on heddle.replicas for each row
  when (new.release is null) execute function heddle.refuse_ended_replica();
`;
