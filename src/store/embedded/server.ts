/**
 * Starts and stops the server of a home through `pg_ctl`, which detaches it: the server belongs to
 * the home and not to the process that started it.
 *
 * All paths are relative to the home, which is the working directory, because `pg_ctl` pastes its
 * arguments into a shell command.
 */
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { accessText, settingsText } from './server-settings.ts';
import { forgetSocketFolder, freshAddress, removeSocketOf } from './address.ts';
import type { Binaries } from './binaries.ts';
import type { Home } from './home.ts';
import { embeddedLimits } from './limits.ts';
import type { ResolvedOptions } from './options.ts';
import { disown, readPidFile, serverFate } from './pid-file.ts';
import { runCommand } from './run-command.ts';
import { writeWhole } from './whole-file.ts';

export async function writeSettings(
  home: Home,
  binaries: Binaries,
  options: ResolvedOptions,
): Promise<void> {
  const address = await freshAddress(home);
  const lz4 = await knowsLz4(home, binaries);
  const { settings } = options;
  await writeWhole(join(home.path, 'pg_hba.conf'), accessText(address));
  await writeWhole(join(home.path, 'heddle.conf'), settingsText({ home, address, lz4, settings }));
}

/**
 * Tries to start the server once. Returns undefined when it is up, else the reason. To be called
 * under the start lock.
 */
export async function startOnce(home: Home, binaries: Binaries): Promise<string | undefined> {
  const dead = (await serverFate(home)) === 'dead';
  await removeSocketOf(home, dead ? (await readPidFile(home))?.pid : undefined);
  if (dead) await disown(home);
  await rm(join(home.log, 'start.log'), { force: true });
  const begun = new Date();
  const seconds = String(Math.ceil(embeddedLimits.startMsMax / 1_000));
  const log = ['-l', join('log', 'start.log')];
  const config = ['-o', '-c config_file=heddle.conf'];
  const { code, output } = await runCommand(
    binaries.pgCtl,
    ['start', '-s', '-w', '-t', seconds, '-D', 'data', ...log, ...config],
    {
      account: home.account,
      cwd: home.path,
      timeoutMs: embeddedLimits.startMsMax + 5_000,
      piped: process.platform !== 'win32',
    },
  );
  if (code === 0) return undefined;
  const said = (await saidSince(home, begun)).slice(-embeddedLimits.reasonCharsMax);
  return said === '' ? `pg_ctl ended with ${String(code)}: ${output.trim()}` : said;
}

/** Returns false when the server is still writing its last checkpoint; it then ends by itself. */
export async function stopServer(
  home: Home,
  binaries: Binaries,
  stopMsMax: number = embeddedLimits.stopMsMax,
): Promise<boolean> {
  if ((await serverFate(home)) !== 'alive') return true;
  const seconds = String(Math.ceil(stopMsMax / 1_000));
  await runCommand(
    binaries.pgCtl,
    ['stop', '-s', '-w', '-t', seconds, '-m', 'fast', '-D', 'data'],
    { account: home.account, cwd: home.path, timeoutMs: stopMsMax + 5_000 },
  );
  // The lock file disappears a moment before the process ends.
  const deadline = Date.now() + embeddedLimits.connectMsMax;
  while ((await serverFate(home)) === 'alive') {
    if (Date.now() > deadline) return false;
    await sleep(embeddedLimits.pollMs);
  }
  await forgetSocketFolder(home);
  return true;
}

/**
 * Returns the log lines since `begun`. A start writes to its own file first, then to the server's
 * log.
 */
async function saidSince(home: Home, begun: Date): Promise<string> {
  const names = (await readdir(home.log)).filter((name) => name.endsWith('.log'));
  const texts = await Promise.all(names.map((name) => readFile(join(home.log, name), 'utf8')));
  const from = begun.toISOString().replace('T', ' ').replace('Z', '');
  return texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => line >= from && !everyday.test(line))
    .toSorted()
    .join('\n');
}

/** The lines that every start writes, which give no reason for a failure. */
const everyday =
  /redirecting log output|Future log output|starting PostgreSQL|listening on|(is|was) shut down/;

async function knowsLz4({ account, path }: Home, binaries: Binaries): Promise<boolean> {
  const args = ['-D', 'data', '-c', 'wal_compression=lz4', '-C', 'wal_compression'];
  const { code } = await runCommand(binaries.postgres, args, {
    account,
    cwd: path,
    timeoutMs: 20_000,
  });
  return code === 0;
}
