/** The conversations of runs: appended by their turns, and read when a call is sent. */
import type { ConversationInsert } from '../../batch.ts';
import type { ConversationRead } from '../../caller-port.ts';
import type { Pool } from '../link/pool.ts';
import { column, rowStatement, type RunKey } from '../link/statement.ts';

/** `turn` is the turn that appends; `place` counts within it. */
export type ConversationWrite = RunKey & {
  readonly turn: number;
  readonly place: number;
  readonly insert: ConversationInsert;
};

/**
 * Locks: the new rows. Their only writer is the owner of their run, so no other transaction waits for
 * them. The guard of the turn itself comes before this statement, and refuses another writer and a
 * turn that comes twice.
 */
export const appendConversations = rowStatement<ConversationWrite>(
  'conversations_append',
  [
    column.text((row) => row.tenant),
    column.uuid((row) => row.runId),
    column.int((row) => row.turn),
    column.int((row) => row.place),
    column.text((row) => row.insert.conversation),
    column.text((row) => row.insert.messageText),
  ],
  `insert into heddle.conversation_entries (tenant, run_id, turn, place, conversation, message)
    select * from unnest($1::text[], $2::uuid[], $3::int[], $4::int[], $5::text[], $6::text[])`,
);

const readStatement = rowStatement<ConversationRead>(
  'conversations_read',
  [
    column.text((read) => read.tenant),
    column.uuid((read) => read.runId),
    column.text((read) => read.conversation),
    column.int((read) => read.newest ?? null),
  ],
  `select i.place, e.message
    from unnest($1::text[], $2::uuid[], $3::text[], $4::int[])
      with ordinality as i(tenant, run_id, conversation, newest, place)
    cross join lateral (
      select * from heddle.conversation_entries e
      where e.tenant = i.tenant and e.run_id = i.run_id and e.conversation = i.conversation
      order by e.turn desc, e.place desc limit i.newest offset 0
    ) e
    order by i.place, e.turn, e.place`,
);

export async function readConversations(
  pool: Pool,
  reads: readonly ConversationRead[],
): Promise<readonly (readonly string[])[]> {
  const messages: string[][] = reads.map(() => []);
  for (const [place, message] of await pool.rows(readStatement(reads))) {
    messages[Number(place) - 1]?.push(message ?? '');
  }
  return messages;
}
