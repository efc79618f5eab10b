/**
 * Which errors end a session, though its socket may live: the connection is dropped and another one
 * made, which resolves the host's name anew and may lead to another server. failure.ts decides what
 * becomes of the transaction. Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html.
 */

/**
 * - 25006: the server takes no writes, as after a failover that made it a standby.
 * - 25P02, 25P03: another user of the session left a transaction open in it.
 * - 25P04: the server ends a session whose transaction took too long.
 * - 26000, 42P05: the session does not have the prepared statements that this connection knows of.
 * - 57P01 to 57P05: the server ends the session, or will.
 */
const ending: ReadonlySet<string> = new Set([
  '25006',
  '25P02',
  '25P03',
  '25P04',
  '26000',
  '42P05',
  '57P01',
  '57P02',
  '57P03',
  '57P04',
  '57P05',
]);

type Said = { readonly code?: unknown; readonly routine?: unknown; readonly severity?: unknown };

export function endsSession(error: unknown): boolean {
  const { code, severity } = error as Said;
  if (severity === 'FATAL' || severity === 'PANIC') return true;
  if (typeof code !== 'string') return false;
  return ending.has(code) || code.startsWith('08') || isStalePlan(error);
}

/** "cached plan must not change result type": a table was altered after the statement was prepared. */
export function isStalePlan(error: unknown): boolean {
  const { code, routine } = error as Said;
  return code === '0A000' && routine === 'RevalidateCachedQuery';
}

/** The server takes no writes any more, so the older connections to it are of no more use either. */
export function isReadOnly(error: unknown): boolean {
  return (error as Said).code === '25006';
}

/** The error that a writing statement would get, found before one is sent. */
export function readOnlyServer(): Error {
  return Object.assign(new Error('the server takes no writes: it is a standby, or set read-only'), {
    code: '25006',
  });
}
