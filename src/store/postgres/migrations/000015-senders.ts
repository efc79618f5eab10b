export const senders = `-- Who has sent the row: a token's name, or library. Null for rows of heddle's own and of earlier releases.
alter table heddle.inbox add column sent_by text collate "C";
`;
