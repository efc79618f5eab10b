/**
 * Lets a server stop itself when nobody uses it any more: a process that is killed closes nothing.
 *
 * The server does it alone: one of its own sessions goes on without a client, looks every few
 * seconds, and signals the server once it has seen no user for long enough. There is no other
 * process that would have to be looked after. The session ends with the server, also when that
 * crashes; whoever starts or adopts the server next sees to a new one.
 *
 * 1. A server with any client stays: heddles, and whoever else has connected to look.
 * 2. Each user holds a session with a share of one lock as long as it uses the server. Before it
 *    stops, the server takes that lock alone and keeps it to the end: so a heddle that is just
 *    coming has its share before the decision, or waits and starts the server anew.
 * 3. Each look is a transaction of its own, so the session holds up no vacuum.
 */
import type { Address } from './address.ts';
import { embeddedLimits } from './limits.ts';
import { goodbye, session, socketOf } from './session.ts';
import type { Trial } from './trial.ts';
import { unanswered } from './trial.ts';

/** Shared by all who use the server. Both are locks of the database `postgres`. */
export const presenceLock = '1751475300, 1';
const ownLock = '1751475300, 2';
const name = 'heddle idle stop';

/** By it the server sees, also after a SIGKILL, whether somebody uses it. */
export type Presence = { readonly kind: 'present'; leave(): Promise<void> };

/** To be called under the start lock. What it gives instead is a server that is on its way out. */
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
  // It keeps the server alive, and not this process.
  socketOf(client).unref();
  return { kind: 'present', leave: () => goodbye(client) };
}

/** What the server's account runs in its data folder. */
export function stopCommand(pgCtl: string): string {
  if (process.platform === 'win32') return `"${pgCtl}" stop -D . -m fast -W`;
  // Only what the shell itself knows: the package with pg_ctl may have gone meanwhile.
  return 'read pid < postmaster.pid && kill -INT "$pid"';
}

/** Sees to it that the server looks after itself. To be called under the start lock. */
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
  // It is not answered: the session goes on when its client has gone.
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

/** A setting of the caller's must not end a session that is meant to last. */
const unlimited = `select set_config(name, '0', false) from pg_settings
  where name in ('statement_timeout', 'transaction_timeout', 'lock_timeout',
    'client_connection_check_interval')`;

function looks(unusedMsMax: number, command: string): string {
  const lookMs = Math.min(embeddedLimits.unusedLookMs, Math.ceil(unusedMsMax / 4));
  const looksMax = Math.ceil(unusedMsMax / lookMs);
  // Not a word may be sent: there is nobody to send it to.
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
