import { statement, text, uuid } from '../link/statement.ts';

/** Takes the commit's first lock. It waits while a transaction with the same id is still under way. */
export const insertCommit = statement(
  'commit_insert',
  [uuid, text],
  `insert into heddle.commits (commit_id, refused) values ($1::uuid, $2::text)`,
);

export const readCommit = statement(
  'commit_read',
  [uuid],
  `select refused, told from heddle.commits where commit_id = $1::uuid`,
);
