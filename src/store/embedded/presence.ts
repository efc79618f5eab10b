/**
 * A session that each user of the server holds as long as it uses it, and by which the server
 * itself sees, also after a SIGKILL, whether it has users: see idle-stop.ts.
 *
 * Its shared lock is what makes adopting safe. A server that has decided to stop holds the lock
 * alone until it is gone, so whoever has got its share has a server that goes on.
 */
import type { Address } from './address.ts';
import { presenceLock } from './idle-stop.ts';
import { goodbye, session, socketOf } from './session.ts';
import type { Trial } from './trial.ts';
import { unanswered } from './trial.ts';

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
