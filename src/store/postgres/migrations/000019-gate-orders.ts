export const gateOrders = `-- The last order that a person gave for a gate: every replica that sees a higher number than before carries it out.
alter table heddle.providers
  add column order_number bigint,
  add column ordered_at timestamptz,
  add column order_ends_cooling boolean,
  add column order_kind text collate "C",
  add column ordered_by text collate "C";

-- How many calls stand in line for each gate at this replica, with its heartbeat: JSON, a number by gate.
alter table heddle.replicas add column lines text;
`;
