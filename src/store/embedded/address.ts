/**
 * The address at which a home's server listens. On POSIX it is a socket in a folder that only the
 * server's account and root can enter; on Windows a loopback port with a password that only this
 * user can read.
 */
import { randomBytes } from 'node:crypto';
import { readFile, rm, rmdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { heddleError } from '../../domain/errors.ts';
import { hasCode } from './errno.ts';
import type { Home } from './home.ts';
import { shortHash } from './home.ts';
import { embeddedLimits } from './limits.ts';
import { readPidFile } from './pid-file.ts';
import { lookUp } from './process-record.ts';
import { privateDirectory } from './private-directory.ts';
import { writeWhole } from './whole-file.ts';

/** The superuser of every embedded cluster. */
export const serverUser = 'heddle';

export type Address = {
  /** The socket's folder, or 127.0.0.1. */
  readonly host: string;
  readonly port: number;
  readonly password: string | undefined;
};

/** Returns the address of a server that may be running; undefined when none can be. */
export async function currentAddress(home: Home): Promise<Address | undefined> {
  if (process.platform !== 'win32') return { host: socketFolder(home), port, password: undefined };
  const file = await readPidFile(home);
  const password = await readPassword(home);
  if (file?.port === undefined || password === undefined) return undefined;
  return { host: '127.0.0.1', port: file.port, password };
}

/** Returns the address for a server that is about to start. */
export async function freshAddress(home: Home): Promise<Address> {
  if (process.platform === 'win32') {
    return { host: '127.0.0.1', port: await freePort(), password: await ensurePassword(home) };
  }
  const host = socketFolder(home);
  const refusal = await privateDirectory(host, home.account);
  if (refusal === undefined) return { host, port, password: undefined };
  throw heddleError('embedded-directory-unusable', { directory: host, reason: refusal });
}

export function databaseUrl({ host, port, password }: Address, database: string): string {
  if (password === undefined) {
    return `postgres://${serverUser}@/${database}?host=${encodeURIComponent(host)}`;
  }
  return `postgres://${serverUser}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
}

export async function ensurePassword(home: Home): Promise<string> {
  const known = await readPassword(home);
  if (known !== undefined) return known;
  const password = randomBytes(24).toString('base64url');
  await writeWhole(passwordFile(home), password, 0o600);
  return password;
}

export function passwordFile(home: Home): string {
  return join(home.path, 'password');
}

/** On POSIX the port is only a part of the socket's name, so it need not be free. */
const port = 5432;

function socketFolder(home: Home): string {
  const bytes = Buffer.byteLength(join(home.socket, `.s.PGSQL.${port}`));
  if (bytes <= embeddedLimits.socketPathBytesMax) return home.socket;
  // /tmp is written out, because TMPDIR differs between the sessions of one user.
  return `/tmp/heddle-${shortHash(home.path)}`;
}

/**
 * Removes the socket of a dead server. The socket's lock file names a pid, as `postmaster.pid`
 * does, and Postgres would take any process that has this pid by now for the server. A socket whose
 * lock file names another living process stays: a start whose heddle was killed may just have made
 * it.
 */
export async function removeSocketOf(home: Home, deadPid: number | undefined): Promise<void> {
  const socket = join(socketFolder(home), `.s.PGSQL.${port}`);
  const text = await readFile(`${socket}.lock`, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const pid = Number.parseInt(text, 10);
  if (pid !== deadPid && (await lookUp(pid)) !== undefined) return;
  await rm(socket, { force: true });
  await rm(`${socket}.lock`, { force: true });
}

/** Removes the socket's folder outside the home when no server listens there any more. */
export async function forgetSocketFolder(home: Home): Promise<void> {
  const folder = socketFolder(home);
  if (folder !== home.socket) await rmdir(folder).catch(() => undefined);
}

async function readPassword(home: Home): Promise<string | undefined> {
  try {
    return await readFile(passwordFile(home), 'utf8');
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT')) return undefined;
    throw thrown;
  }
}

/**
 * Another program may take the port before Postgres does; the start then fails and is tried again.
 */
function freePort(): Promise<number> {
  return new Promise((settle, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === 'object' && address !== null) settle(address.port);
        else fail(new Error('the system gave no port'));
      });
    });
  });
}
