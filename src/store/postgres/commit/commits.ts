import { text, uuid, type Call, statement } from '../link/statement.ts';

/** Takes the commit's first lock. It waits while a transaction with the same id is still under way. */
const insertCommitStatement = statement(
  'commit_insert',
  `insert into heddle.commits (commit_id, refused) values ($1::uuid, $2::text)`,
);

export function insertCommit(commitId: string, refused: string | null): Call {
  return { statement: insertCommitStatement, params: [uuid(commitId), text(refused)] };
}

const readCommitStatement = statement(
  'commit_read',
  `select refused, told from heddle.commits where commit_id = $1::uuid`,
);

export function readCommit(commitId: string): Call {
  return { statement: readCommitStatement, params: [uuid(commitId)] };
}
