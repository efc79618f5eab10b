export const access = `-- Tokens of people and programs that use the API. The token itself is not kept: hash is sha-256 of it, in hex.
-- tenant: null for all tenants. A token that is revoked stays, for its name stands beside what it did.
create table heddle.tokens (
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  name text collate "C" not null primary key,
  hash text collate "C" not null unique,
  tenant text collate "C",
  scopes text[] not null
);

-- Requests that carried an idempotency key and changed something, written in the commit of the change.
-- hash: of what was asked. answer: what was answered, as JSON.
create table heddle.requests (
  at timestamptz not null default now(),
  tenant text collate "C" not null,
  key text collate "C" not null,
  route text collate "C" not null,
  hash text collate "C" not null,
  answer text not null,
  primary key (tenant, key)
);
create index requests_at on heddle.requests using brin (at) with (autosummarize = on);
`;
