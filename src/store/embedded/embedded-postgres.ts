/**
 * The supervisor of the Postgres that heddle brings along, for hosts without a DATABASE_URL.
 *
 * It owns the start lock and the end of the server. `bring-up` brings a server up, `home` finds its
 * files, and `users` counts the processes that use it.
 *
 * 1. A caller is entered as a user before it gets its handle and before the lock is given back.
 * 2. The `close` of the last living user stops the server. A user that was killed is not waited
 *    for; a server whose users were all killed stops itself (idle-stop.ts).
 * 3. The death of a user does not end the server, because the server is no process's child.
 */
import { access } from 'node:fs/promises';
import { HeddleError, heddleError } from '../../domain/errors.ts';
import { databaseUrl, serverUser } from './address.ts';
import { findBinaries } from './binaries.ts';
import type { Origin, Running, Workplace } from './bring-up.ts';
import { bringUp } from './bring-up.ts';
import { hasCode, reasonOf } from './errno.ts';
import { findHome, openDirectory } from './home.ts';
import { embeddedLimits } from './limits.ts';
import type { EmbeddedPostgresOptions } from './options.ts';
import { resolveOptions } from './options.ts';
import { serverFate } from './pid-file.ts';
import { stopServer } from './server.ts';
import { withStartLock } from './start-lock.ts';
import { addUser, countUsers, removeUser } from './users.ts';

export type { EmbeddedPostgresOptions } from './options.ts';

export type EmbeddedPostgres = {
  /** For `pg`, and for any other program that takes a DATABASE_URL. */
  readonly databaseUrl: string;
  /** The same as an object, for `pg`. */
  readonly connection: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly database: string;
    readonly password?: string;
  };
  /**
   * The folder of the data: `<directory>/postgres`, or the one named in
   * `<directory>/postgres.json`.
   */
  readonly directory: string;
  readonly version: string;
  readonly origin: Origin;
  /** Brings the server up again after it was killed; does nothing when the server runs. */
  revive(): Promise<void>;
  /**
   * Leaves the server; the last user to leave stops it. End your own pools first, or their
   * connections are cut. A second call does nothing. The server is left running when it takes
   * longer than some seconds to stop, or when another process holds the start lock for that long.
   */
  close(): Promise<void>;
  /** Stops the server now, even when other processes use it. */
  stop(): Promise<void>;
};

export async function startEmbeddedPostgres(
  given: EmbeddedPostgresOptions = {},
): Promise<EmbeddedPostgres> {
  const options = resolveOptions(given);
  const directory = await openDirectory(options.directory);
  return guarded(directory, () =>
    withStartLock(directory, async () => {
      const place = { directory, home: await findHome(directory), options };
      const running = await bringUp(place);
      return handle(place, running, await addUser(directory));
    }),
  );
}

export type StopOptions = Pick<EmbeddedPostgresOptions, 'directory' | 'log'> & {
  /** Leaves the server running while one of its users may live. */
  readonly unlessUsed?: boolean;
};

/** Stops a directory's server from outside, for instance when all its users were killed. */
export async function stopEmbeddedPostgres(
  given: StopOptions = {},
): Promise<'stopped' | 'absent' | 'used'> {
  const options = resolveOptions(given);
  const directory = await openDirectory(options.directory);
  return guarded(directory, () =>
    withStartLock(directory, async () => {
      const place = { directory, home: await findHome(directory), options };
      if ((await serverFate(place.home)) !== 'alive') return 'absent';
      if (given.unlessUsed === true && (await countUsers(directory)) > 0) return 'used';
      await end(place);
      return 'stopped';
    }),
  );
}

function handle(place: Workplace, running: Running, user: string): EmbeddedPostgres {
  const { directory, home, options } = place;
  const { host, port, password } = running.address;
  let { presence } = running;
  let left: Promise<void> | undefined;
  const leaving = new AbortController();
  const { closeLockMsMax, closeStopMsMax } = embeddedLimits;
  const leave = async (): Promise<void> => {
    leaving.abort();
    await presence.leave();
    await removeUser(user);
    const stop = async (): Promise<void> => {
      if (!options.keepRunning && (await countUsers(directory)) === 0)
        await end(place, closeStopMsMax);
    };
    try {
      await underLock(place, stop, closeLockMsMax);
    } catch (thrown) {
      // The server is left as after the kill of its last user: it stops itself, or the next heddle
      // here stops it.
      options.log(`the server in ${home.path} is left running: ${reasonOf(thrown)}`);
    }
  };
  return {
    databaseUrl: databaseUrl(running.address, options.database),
    connection: {
      host,
      port,
      user: serverUser,
      database: options.database,
      ...(password === undefined ? {} : { password }),
    },
    directory: home.path,
    version: running.version,
    origin: running.origin,
    revive: () =>
      underLock(place, async () => {
        const before = presence;
        ({ presence } = await bringUp(place, leaving.signal));
        await before.leave();
        if (leaving.signal.aborted) await presence.leave();
      }),
    close: () => (left ??= leave()),
    stop: async () => {
      left ??= Promise.resolve();
      leaving.abort();
      await presence.leave();
      await removeUser(user);
      await underLock(place, () => end(place));
    },
  };
}

async function underLock(
  { directory }: Workplace,
  work: () => Promise<void>,
  waitMsMax?: number,
): Promise<void> {
  // A deleted directory needs no stop: a server whose lock file is gone ends itself.
  const gone = await access(directory).then(
    () => false,
    () => true,
  );
  if (!gone) await guarded(directory, () => withStartLock(directory, work, waitMsMax));
}

async function end({ home, options }: Workplace, stopMsMax?: number): Promise<void> {
  if ((await serverFate(home)) !== 'alive') return;
  const binaries = await findBinaries(home, options).catch((thrown: unknown) => {
    options.log(`the server in ${home.path} is left running: ${reasonOf(thrown)}`);
  });
  if (binaries === undefined) return;
  const stopped = await stopServer(home, binaries, stopMsMax);
  options.log(`the server in ${home.path} ${stopped ? 'has stopped' : 'is still stopping'}`);
}

/** Turns every error that leaves this folder into a HeddleError, whose text says what to do. */
async function guarded<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof HeddleError) throw thrown;
    const reason = reasonOf(thrown);
    const refused = hasCode(thrown, 'EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT');
    throw refused
      ? heddleError('embedded-directory-unusable', { directory, reason }, { cause: thrown })
      : heddleError(
          'embedded-start-failed',
          { directory, reason, log: directory },
          { cause: thrown },
        );
  }
}
