/**
 * Closes a replica and what was opened for it, in order: what is under way, the database's connections, the
 * providers, a Postgres of heddle's own.
 *
 * 1. It answers within `closeMsMax`, whatever the database and the providers do.
 */
import type { Log } from '../../runtime/ports.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { endsWithin } from '../../runtime/host/within.ts';

/** Less than the 30 s that containers are given between SIGTERM and SIGKILL. */
const closeMsMax = 25_000;
/** After this time the database's connections are closed, so that work that waits for them fails. */
const closeTurnsMsMax = 8_000;

/** `running`: the close of the runtime, or its stop where a start has failed. */
export async function closeHost(
  { clock, store }: Pick<Runtime, 'clock' | 'store'>,
  running: Promise<void>,
  closeDatabase: () => Promise<void>,
  log: Log | undefined,
): Promise<void> {
  const untilMs = clock.nowMs() + closeMsMax;
  const parts: Promise<unknown>[] = [];
  const end = async (what: string, part: Promise<unknown>, waitMs = closeMsMax): Promise<void> => {
    parts.push(part);
    const leftMs = untilMs - clock.nowMs();
    if (await endsWithin(clock, part, Math.min(waitMs, leftMs))) return;
    log?.warn('closing takes long', { what, waitedMs: Math.min(waitMs, leftMs) });
  };
  await end('what was under way', running, closeTurnsMsMax);
  await end('the connections to the database', store.close());
  // The database's connections are closed by now, so only providers can still keep the runtime open.
  await end('the providers', running);
  await end('the embedded Postgres', closeDatabase());
  // Rejects with the first failure among the parts that have ended, and does not wait for the others.
  const late = Promise.resolve();
  for (const part of parts) await Promise.race([part, late]);
}
