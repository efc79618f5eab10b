/**
 * The first contact with a database: waits, within a bound, for a server that starts, checks whether
 * heddle can work on this database, and migrates it.
 *
 * 1. A failure that will not pass by itself is reported at once, by a terminal code with its mend. One
 *    that may pass is waited for, and reported as `store-unavailable` only when the time is over.
 * 2. A server that goes away in the middle is waited for as well: each step may be done again.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { HeddleError, heddleError } from '../../domain/errors.ts';
import { refuseField } from '../../domain/field.ts';
import { failureKind, reasonOf, unavailable } from './link/failure.ts';
import { Link, type LinkOptions } from './link/link.ts';
import { isMigrated, migrate } from './migrate.ts';
import { pause } from './link/pool.ts';
import { poolerRefused, refusalOf, rightMissing, type Names } from './link/refusals.ts';

export type StartOptions = {
  /** A migration plans its statements by the server's own settings. */
  readonly migrating: LinkOptions;
  /** How long a server is waited for that is not there, or does not take connections yet. */
  readonly patienceMs: number;
  /** Called once, when the start begins to wait. */
  readonly onWait: (reason: string) => void;
};

/**
 * How long a host name is tried that a resolver does not know yet, as that of a container which is
 * starting.
 */
const namePatienceMs = 5_000;

/** Gives two links that it has used, so that they are not made twice. Nothing is open in their sessions. */
export async function startOn(
  options: LinkOptions,
  start: StartOptions,
): Promise<readonly [Link, Link]> {
  const names = namesIn(options.connection);
  const begunMs = performance.now();
  for (let attempt = 1; ; attempt++) {
    try {
      return await contact(options, start.migrating);
    } catch (error) {
      if (error instanceof HeddleError) throw error;
      const refusal = refusalOf(error, names);
      const isName = refusal?.code === 'database-host-unknown';
      if (refusal !== null && !isName) throw refusal;
      if (refusal === null && !mayPass(error)) throw migrationFailed(error);
      const patienceMs = isName ? Math.min(namePatienceMs, start.patienceMs) : start.patienceMs;
      if (performance.now() - begunMs > patienceMs) throw refusal ?? unavailable(error);
      if (attempt === 1) start.onWait(reasonOf(error));
      await pause(attempt);
    }
  }
}

function namesIn(connection: pg.ClientConfig): Names {
  try {
    const { user = '', database = '', host } = new pg.Client(connection);
    return { role: user, database, host };
  } catch {
    // The parser's own text is left out, because it may hold a password.
    return refuseField('databaseUrl', 'is no URL that can be read; percent-encode its parts');
  }
}

function mayPass(error: unknown): boolean {
  return ['lost', 'busy', 'again', 'slow'].includes(failureKind(error));
}

function migrationFailed(error: unknown): HeddleError {
  return heddleError('schema-migration-failed', { reason: reasonOf(error) }, { cause: error });
}

async function contact(
  options: LinkOptions,
  migrating: LinkOptions,
): Promise<readonly [Link, Link]> {
  const link = await Link.open({ ...options, mustWrite: false });
  let other: Link | null = null;
  try {
    await checkServer(link);
    other = await Link.open({ ...options, mustWrite: false });
    await checkSession(link, other);
    // Nearly every start finds everything there, by two reads and no lock.
    if (!(await isMigrated(link))) await migrate(migrating);
    await checkRights(link);
    return [link, other];
  } catch (error) {
    await Promise.all([link.close(), other?.close()]);
    throw error;
  }
}

type ServerFacts = {
  readonly encoding: string;
  readonly standby: boolean;
  readonly readOnly: string;
  readonly known: boolean;
};

async function checkServer(link: Link): Promise<void> {
  const { rows } = await link.simple(`
    select current_setting('server_encoding') as encoding, pg_is_in_recovery() as standby,
      current_setting('transaction_read_only') as "readOnly",
      exists (select from pg_namespace where nspname = 'heddle') as known`);
  const { encoding, standby, readOnly, known } = rows[0] as ServerFacts;
  const { database } = link.names;
  if (standby || readOnly === 'on') {
    const reason = standby ? 'it is a standby' : 'default_transaction_read_only is on';
    throw heddleError('database-read-only', { database, reason });
  }
  // SQL_ASCII keeps the bytes as they come, so a database that already has heddle's schema goes on
  // with it.
  if (encoding === 'UTF8' || (encoding === 'SQL_ASCII' && known)) return;
  throw heddleError('database-encoding', { database, encoding });
}

/**
 * Checks that the session belongs to this connection alone. A pooler in transaction mode lends a
 * session to any connection that begins a transaction. Then another connection finds what this one has
 * set, or this one loses it while the other has a transaction open.
 */
async function checkSession(link: Link, other: Link): Promise<void> {
  const token = randomUUID();
  const look = `select pg_backend_pid() as pid, current_setting('heddle.session', true) as token`;
  type Look = { readonly pid: number; readonly token: string | null };
  const first = await link.simple(
    `select pg_backend_pid() as pid, set_config('heddle.session', '${token}', false) as token`,
  );
  await other.simple('begin').catch((error: unknown) => {
    const { code } = error as { readonly code?: unknown };
    throw code === '08P01' ? poolerRefused(reasonOf(error), error) : error;
  });
  const theirs = (await other.simple(look)).rows[0] as Look;
  if (theirs.token === token) throw poolerRefused('a session is lent to several connections');
  const ours = (await link.simple(look)).rows[0] as Look;
  const { pid } = first.rows[0] as Look;
  if (ours.token !== token || ours.pid !== pid)
    throw poolerRefused('a connection does not keep its session');
  await other.simple('rollback');
}

const namedMax = 8;

/**
 * The rights that a role needs which does not own the tables. All missing ones are reported together,
 * before a run meets one.
 */
async function checkRights(link: Link): Promise<void> {
  const { rows } = await link.simple(`
    select lacking.what from (
      select r.name || ' on ' || n.nspname || '.' || c.relname as what
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'USAGE']) as r(name)
      where n.nspname = 'heddle' and c.relname !~ '^migrations' and case
        when c.relkind in ('r', 'p') and r.name <> 'USAGE' then not has_table_privilege(c.oid, r.name)
        when c.relkind = 'S' and r.name = 'USAGE' then not has_sequence_privilege(c.oid, r.name)
        else false end
      union all
      select 'EXECUTE on ' || p.oid::regprocedure
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname = 'heddle' and not has_function_privilege(p.oid, 'EXECUTE')
    ) lacking order by 1`);
  const lacking = (rows as { what: string }[]).map(({ what }) => what);
  if (lacking.length === 0) return;
  const more = lacking.length > namedMax ? ` and ${lacking.length - namedMax} more` : '';
  const named = lacking.slice(0, namedMax).join(', ');
  throw rightMissing(link.names, `permission denied: no ${named}${more}`);
}
