/** The conversations of runs: appended by their turns, and read when a call is sent. */
import type { ConversationInsert } from '../../batch.ts';
import type { ConversationRead } from '../../port.ts';
import type { RunAddress } from '../../rows.ts';
import type { Pool } from '../link/pool.ts';
import {
  callWith,
  intColumn,
  statement,
  textColumn,
  uuidColumn,
  type Call,
  type Column,
} from '../link/statement.ts';

/** `turn` is the turn that appends; `place` counts within it. */
export type ConversationWrite = Pick<RunAddress, 'tenant' | 'runId'> & {
  readonly turn: number;
  readonly place: number;
  readonly insert: ConversationInsert;
};

/**
 * Locks: the new rows. Their only writer is the owner of their run, so no other transaction waits for
 * them. The guard of the turn itself comes before this statement, and refuses another writer and a
 * turn that comes twice.
 */
const appendStatement = statement(
  'conversations_append',
  `insert into heddle.conversation_entries (tenant, run_id, turn, place, conversation, message)
    select * from unnest($1::text[], $2::uuid[], $3::int[], $4::int[], $5::text[], $6::text[])`,
);

const appendColumns: readonly Column<ConversationWrite>[] = [
  textColumn((row) => row.tenant),
  uuidColumn((row) => row.runId),
  intColumn((row) => row.turn),
  intColumn((row) => row.place),
  textColumn((row) => row.insert.conversation),
  textColumn((row) => row.insert.messageText),
];

export function appendConversations(rows: readonly ConversationWrite[]): Call {
  return callWith(appendStatement, appendColumns, rows);
}

const readStatement = statement(
  'conversations_read',
  `select i.place, e.message
    from unnest($1::text[], $2::uuid[], $3::text[])
      with ordinality as i(tenant, run_id, conversation, place)
    cross join lateral (
      select * from heddle.conversation_entries e
      where e.tenant = i.tenant and e.run_id = i.run_id and e.conversation = i.conversation offset 0
    ) e
    order by i.place, e.turn, e.place`,
);

const readColumns: readonly Column<ConversationRead>[] = [
  textColumn((read) => read.tenant),
  uuidColumn((read) => read.runId),
  textColumn((read) => read.conversation),
];

export async function readConversations(
  pool: Pool,
  reads: readonly ConversationRead[],
): Promise<readonly (readonly string[])[]> {
  const call = callWith(readStatement, readColumns, reads);
  const messages: string[][] = reads.map(() => []);
  for (const [place, message] of (await pool.read([call])).get(call) ?? []) {
    messages[Number(place) - 1]?.push(message ?? '');
  }
  return messages;
}
