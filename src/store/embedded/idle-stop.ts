/**
 * Lets a server stop itself when no process uses it any more, because a process that is killed
 * cannot close anything.
 *
 * One of the server's own sessions goes on without a client. It checks every few seconds, and
 * signals the server after it has seen no user for long enough. So no other process is needed,
 * which would have to be supervised itself. The session ends with the server, also when the server
 * crashes; the next heddle that starts or adopts the server starts a new one.
 *
 * 1. A server with any client keeps running: a heddle, or any other program that is connected.
 * 2. Each user holds a session with a share of one lock as long as it uses the server. Before the
 *    server stops, its session takes this lock exclusively and keeps it to the end. So a heddle
 *    that arrives at that moment either has its share before the decision, or waits and starts the
 *    server anew.
 * 3. Each check is a transaction of its own, so the session holds up no vacuum.
 */
import type { Address } from './address.ts';
import { embeddedLimits } from './limits.ts';
import { goodbye, session, socketOf } from './session.ts';
import type { Trial } from './trial.ts';
import { unanswered } from './trial.ts';

/** The lock that all users of the server share. Both locks are taken in the database `postgres`. */
export const presenceLock = '1751475300, 1';
const ownLock = '1751475300, 2';
const name = 'heddle idle stop';

/** A user's session, by which the server sees the user, and sees it end even after a SIGKILL. */
export type Presence = { readonly kind: 'present'; leave(): Promise<void> };

/**
 * Enters this process as a user. To be called under the start lock. Any other result means that the
 * server is on its way out.
 */
export async function enter(
  address: Address,
): Promise<Presence | Exclude<Trial, { readonly kind: 'up' }>> {
  const client = session(address, 'heddle user');
  try {
    await client.connect();
    await client.query(`select pg_advisory_lock_shared(${presenceLock})`);
  } catch (thrown) {
    await goodbye(client);
    return unanswered(thrown);
  }
  // The session keeps the server alive, but must not keep this process alive.
  socketOf(client).unref();
  return { kind: 'present', leave: () => goodbye(client) };
}

/** The command that stops the server; the server's account runs it in the data folder. */
export function stopCommand(pgCtl: string): string {
  if (process.platform === 'win32') return `"${pgCtl}" stop -D . -m fast -W`;
  // The command uses the shell's own words only, because the package with pg_ctl may be gone by
  // then.
  return 'read pid < postmaster.pid && kill -INT "$pid"';
}

/** Starts the server's idle stop, if it has none. To be called under the start lock. */
export async function ensureIdleStop(
  address: Address,
  unusedMsMax: number,
  command: string,
): Promise<void> {
  const client = session(address, name);
  try {
    await client.connect();
    if (await isThere(client)) return await goodbye(client);
    await client.query(unlimited);
  } catch (thrown) {
    await goodbye(client);
    throw thrown;
  }
  // The query never answers: its session goes on after its client has left.
  client.query(looks(unusedMsMax, command)).catch(() => undefined);
  const socket = socketOf(client);
  await new Promise<void>((settle) => {
    socket.once('close', settle);
    socket.end(() => socket.destroy());
  });
}

async function isThere(client: { query(text: string): Promise<{ rows: unknown[] }> }) {
  const { rows } = await client.query(
    `select from pg_stat_activity where application_name = '${name}' and pid <> pg_backend_pid()`,
  );
  return rows.length > 0;
}

/** The session must last, so a time limit among the caller's settings must not end it. */
const unlimited = `select set_config(name, '0', false) from pg_settings
  where name in ('statement_timeout', 'transaction_timeout', 'lock_timeout',
    'client_connection_check_interval')`;

function looks(unusedMsMax: number, command: string): string {
  const lookMs = Math.min(embeddedLimits.unusedLookMs, Math.ceil(unusedMsMax / 4));
  const looksMax = Math.ceil(unusedMsMax / lookMs);
  // Notices are turned off: the session has no client that could receive one.
  return `do $body$
    declare
      unused integer := 0;
    begin
      set client_min_messages = error;
      if not pg_try_advisory_lock(${ownLock}) then return; end if;
      loop
        perform pg_sleep(${lookMs / 1_000});
        if not pg_try_advisory_lock(${presenceLock}) then
          unused := 0;
        else
          unused := unused + 1;
          if exists (select from pg_stat_activity
            where backend_type = 'client backend' and pid <> pg_backend_pid()) then
            unused := 0;
          end if;
          if unused > ${looksMax} then
            begin
              copy (select 1 where false) to program '${command.replaceAll("'", "''")}';
              perform pg_sleep(${embeddedLimits.stopMsMax / 1_000});
            exception when others then
              null;
            end;
            unused := 0;
          end if;
          perform pg_advisory_unlock(${presenceLock});
        end if;
        commit;
      end loop;
    end
  $body$`;
}
