export const agents = `-- The structures of versions become all that the database knows of a version: pages, forms, starts by name
-- and reads of the past stand on it. place: of versions that were registered together the last is the newest.
-- A definition that is too large is left out, and its size stays. Rows of earlier releases have neither.
alter table heddle.structures rename to agents;
alter table heddle.agents rename column stored_at to registered_at;
alter table heddle.agents
  add column place integer not null default 0,
  add column definition_bytes integer,
  add column definition text,
  add column input_schema text,
  add column event_schemas text;
`;
