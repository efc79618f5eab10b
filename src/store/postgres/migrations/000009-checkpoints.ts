export const checkpoints = `-- A run's chart state after every so many turns: reads of the past begin there. It has one writer, the run's
-- owner, and goes with the run's journal.
create table heddle.checkpoints (
  run_id uuid not null,
  turn integer not null,
  tenant text collate "C" not null,
  build text collate "C",
  chart text not null,
  primary key (tenant, run_id, turn)
);
`;
