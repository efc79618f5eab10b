import { text, uuid, type Call, type Statement } from './statement.ts';

/** Locks: first of all. It waits while a transaction with the same id is still under way. */
export const insertCommitStatement: Statement = {
  name: 'commit_insert',
  text: `insert into heddle.commits (commit_id, refused) values ($1::uuid, $2::text)`,
};

export function insertCommit(commitId: string, refused: string | null): Call {
  return { statement: insertCommitStatement, params: [uuid(commitId), text(refused)] };
}

export const readCommitStatement: Statement = {
  name: 'commit_read',
  text: `select refused from heddle.commits where commit_id = $1::uuid`,
};

export function readCommit(commitId: string): Call {
  return { statement: readCommitStatement, params: [uuid(commitId)] };
}
