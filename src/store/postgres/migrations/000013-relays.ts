export const relays = `-- Where other replicas reach this one, to hear of changes that their clients watch. Null for replicas that serve
-- nobody, and for earlier releases.
alter table heddle.replicas add column address text;

-- What replicas prove to each other that they belong to this database with. It never leaves them.
create table heddle.relay_secret (
  only_row boolean not null default true check (only_row),
  secret text not null,
  primary key (only_row)
);
insert into heddle.relay_secret (secret)
  values (replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''));
`;
