/**
 * Brings a home's server up: adopts a server that answers, or starts one. To be called under the
 * start lock, so that no other process decides about the same server meanwhile.
 *
 * 1. Every round begins with a trial connection: a server that answers is adopted, whatever the
 *    files say.
 * 2. No server is started while the process in the lock file may still be the server.
 * 3. An obstacle that passes by itself is waited for, up to a limit; any other ends the start at
 *    once.
 */
import { realpath } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { heddleError } from '../../domain/errors.ts';
import type { Address } from './address.ts';
import { currentAddress } from './address.ts';
import { findBinaries } from './binaries.ts';
import { ensureCluster } from './cluster.ts';
import { reasonOf } from './errno.ts';
import type { Home } from './home.ts';
import type { Presence } from './idle-stop.ts';
import { ensureIdleStop, enter, stopCommand } from './idle-stop.ts';
import { embeddedLimits } from './limits.ts';
import type { ResolvedOptions } from './options.ts';
import { readPidFile, rememberServer, serverFate } from './pid-file.ts';
import { startOnce, writeSettings } from './server.ts';
import { tryServer } from './trial.ts';
import { keepLivingUsers } from './users.ts';
import { sweepUnfinished } from './whole-file.ts';

/** How the server was got: with a new cluster, by a start, or because it ran already. */
export type Origin = 'created' | 'started' | 'adopted';

export type Workplace = {
  readonly directory: string;
  readonly home: Home;
  readonly options: ResolvedOptions;
};

export type Running = {
  readonly address: Address;
  readonly version: string;
  readonly origin: Origin;
  /** The session by which the server sees that it is used. */
  readonly presence: Presence;
};

/** When `left` is aborted, the caller has left, and obstacles are no longer waited for. */
export async function bringUp(place: Workplace, left?: AbortSignal): Promise<Running> {
  const { home, options } = place;
  await sweepUnfinished(home.path);
  const patience = patienceFor(home, left);
  let origin: Origin = 'adopted';
  for (;;) {
    const address = await currentAddress(home);
    const trial = address === undefined ? undefined : await tryServer(address, options.database);
    if (address !== undefined && trial?.kind === 'up') {
      await checkData(home, trial.data);
      const presence = await enter(address);
      if (presence.kind === 'present') {
        const { version } = trial;
        await settle(place, address);
        options.log(`Postgres ${version} in ${home.path}: ${origin}`);
        return { address, version, origin, presence };
      }
      await patience('it was just stopping', embeddedLimits.startMsMax);
    } else if (trial?.kind === 'busy') {
      await patience(trial.reason, embeddedLimits.startMsMax);
    } else if ((await serverFate(home)) === 'alive') {
      const pid = (await readPidFile(home))?.pid ?? 0;
      const reason = `process ${pid} is the server by its lock file, but does not answer; end it`;
      await patience(reason, embeddedLimits.obstacleMsMax);
    } else {
      const start = await begin(place);
      if (start.reason === undefined) origin = origin === 'created' ? origin : start.origin;
      else if (!passesBy(start.reason)) throw startFailed(home, start.reason);
      else await patience(start.reason, embeddedLimits.obstacleMsMax);
      if (start.origin === 'created') origin = 'created';
    }
  }
}

/** Does the rest once a server is up: records its process and starts its idle stop. */
async function settle(place: Workplace, address: Address): Promise<void> {
  const { home, options } = place;
  await rememberServer(home);
  if (options.keepRunning) return;
  try {
    const pgCtl = process.platform === 'win32' ? (await findBinaries(home, options)).pgCtl : '';
    await ensureIdleStop(address, options.unusedMsMax, stopCommand(pgCtl));
  } catch (thrown) {
    // The database can be used without an idle stop; the next heddle that comes tries again.
    options.log(`the server in ${home.path} will not stop itself: ${reasonOf(thrown)}`);
  }
}

type Start = { readonly origin: Origin; readonly reason: string | undefined };

async function begin(place: Workplace): Promise<Start> {
  const { directory, home, options } = place;
  const binaries = await findBinaries(home, options);
  if (home.outside !== undefined) options.warn(home.outside);
  const created = await ensureCluster(home, binaries, options);
  await keepLivingUsers(directory);
  await writeSettings(home, binaries, options);
  return { origin: created ? 'created' : 'started', reason: await startOnce(home, binaries) };
}

/**
 * True when a failed start is worth another: it met the remains of a former server, or a port that
 * another program took first; or the log names no fault, because the server was killed on its way
 * up or is still replaying its log.
 */
function passesBy(reason: string): boolean {
  if (/lock file|still in use|already in use|could not bind/i.test(reason)) return true;
  return !/FATAL|PANIC|ERROR/.test(reason);
}

/**
 * Returns a function that waits a moment for an obstacle to pass, and throws when the time is over.
 * The time counts from the first obstacle.
 */
function patienceFor(
  home: Home,
  left: AbortSignal | undefined,
): (reason: string, msMax: number) => Promise<void> {
  let since: number | undefined;
  return async (reason, msMax) => {
    since ??= Date.now();
    if (Date.now() - since > msMax || left?.aborted === true) throw startFailed(home, reason);
    await sleep(embeddedLimits.pollMs);
  };
}

async function checkData(home: Home, data: string): Promise<void> {
  // A folder that was moved while its server ran has a new name, and the server reports the old
  // one.
  const named = await realpath(data).catch(() => undefined);
  if (named === undefined || named === (await realpath(home.data))) return;
  throw startFailed(home, `the server that answers there has its data in ${data}`);
}

function startFailed(home: Home, reason: string): Error {
  return heddleError('embedded-start-failed', { directory: home.path, reason, log: home.log });
}
