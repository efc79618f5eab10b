export const gateFaults = `-- The last fault of a gate that was its provider's, with the address, and when it came. Gates that were
-- written by earlier versions have none.
alter table heddle.providers add column last_fault text, add column last_fault_at timestamptz;
`;
