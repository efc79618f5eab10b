export const startKeys = `-- A hash of agent and input, of runs that were started under an idempotency key: another start under
-- the key must ask for the same. Runs of earlier versions have none; their keys are taken as before.
alter table heddle.runs add column start_hash text;
`;
