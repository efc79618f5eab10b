import { spawn } from 'node:child_process';
import { reasonOf } from './errno.ts';
import { embeddedLimits } from './limits.ts';
import type { ServerAccount } from './server-account.ts';

export type CommandPlace = {
  /** Undefined: the command runs as this process's own user. */
  readonly account: ServerAccount | undefined;
  readonly cwd: string;
  readonly timeoutMs: number;
  /** False for a command that leaves a server running, which would hold the pipes open. */
  readonly piped?: boolean;
};

/** `code` is null when the command did not start, was killed or took too long. */
export type CommandOutcome = { readonly code: number | null; readonly output: string };

/** Runs one of Postgres' programs to its end. It never throws: `output` tells the fault. */
export function runCommand(
  file: string,
  args: readonly string[],
  { account, cwd, timeoutMs, piped = true }: CommandPlace,
): Promise<CommandOutcome> {
  return new Promise((settle) => {
    let output = '';
    const hear = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-embeddedLimits.reasonCharsMax);
    };
    const pipe = piped ? 'pipe' : 'ignore';
    const child = spawn(file, args, {
      cwd,
      env: serverEnvironment(),
      stdio: ['ignore', pipe, pipe],
      timeout: timeoutMs,
      windowsHide: true,
      ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
    });
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('error', (thrown) => settle({ code: null, output: `${output}${reasonOf(thrown)}` }));
    child.once('close', (code, signal) => {
      settle({ code, output: signal === null ? output : `${output} (ended by ${signal})` });
    });
  });
}

/**
 * The environment of Postgres' programs. A server lives longer than the process that started it and
 * belongs to another account, so it gets no keys, and none of the PG* variables that change the
 * programs' behaviour. Locale C keeps messages readable by code, and keeps macOS from starting
 * threads inside the postmaster.
 */
function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'SystemRoot', 'TEMP', 'TMP', 'TMPDIR', 'USERPROFILE', 'APPDATA'];
  const entries = kept.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return { ...Object.fromEntries(entries), LC_ALL: 'C', TZ: 'UTC' };
}
