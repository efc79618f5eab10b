/** Trial connections: a server's answer decides more than any file about the server. */
import pg from 'pg';
import type { Address } from './address.ts';
import { codeOf, hasCode, reasonOf } from './errno.ts';
import { embeddedLimits } from './limits.ts';
import { goodbye, session } from './session.ts';

export type Trial =
  | { readonly kind: 'up'; readonly version: string; readonly data: string }
  /** The server takes connections, but does no work yet, or none any more. */
  | { readonly kind: 'busy'; readonly reason: string }
  | { readonly kind: 'absent' };

/** Asks the server for its version and data folder, and makes sure that the database exists. */
export async function tryServer(address: Address, database: string): Promise<Trial> {
  const client = session(address, 'heddle trial');
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string; data: string; found: boolean }>(
      `select current_setting('server_version') as version,
              current_setting('data_directory') as data,
              exists (select from pg_database where datname = $1) as found`,
      [database],
    );
    const [row] = rows;
    if (row === undefined) throw new Error('the server answered nothing');
    if (!row.found) await createDatabase(client, database);
    return { kind: 'up', version: row.version, data: row.data };
  } catch (thrown) {
    return unanswered(thrown);
  } finally {
    await goodbye(client);
  }
}

/** Says why a server did not answer, when the reason may pass; any other error is thrown on. */
export function unanswered(thrown: unknown): Exclude<Trial, { readonly kind: 'up' }> {
  // 57P03 starting or stopping; 57P01 and 57P02 stopping; 53300 full; the rest: ended during the
  // query.
  if (hasCode(thrown, 'ENOENT', 'ECONNREFUSED')) return { kind: 'absent' };
  if (hasCode(thrown, '57P01', '57P02', '57P03', '53300', 'ECONNRESET', 'EPIPE')) {
    return { kind: 'busy', reason: reasonOf(thrown) };
  }
  // pg's own errors (time is up, connection ended) have no code.
  if (codeOf(thrown) === '') return { kind: 'busy', reason: reasonOf(thrown) };
  throw thrown;
}

/** template0 takes no connections, so no other session can keep it from being copied. */
async function createDatabase(client: pg.Client, database: string): Promise<void> {
  try {
    // pg takes a time limit for one query, which its types do not know.
    const create = {
      text: `create database ${pg.escapeIdentifier(database)} template template0`,
      query_timeout: embeddedLimits.createDatabaseMsMax,
    };
    await client.query(create);
  } catch (thrown) {
    // 42P04: the database exists; 23505: another session has just created it.
    if (!hasCode(thrown, '42P04', '23505')) throw thrown;
  }
}
