/** The exit codes of the process; `heddle --help` lists the same ones. */
import { CommanderError } from 'commander';
import { HeddleError } from '../domain/errors.ts';

export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
} as const;

export const exitCodesHelp = `
Exit codes:
  0  done; for circuits: all completed and the audit is clean
  1  failed, interrupted, or the audit found a difference
  2  bad usage: an unknown option, or a value that is refused`;

/** Commander has written its own errors already; all other errors are written here. */
export function exitCodeOf(error: unknown, say: (line: string) => void): number {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  }
  if (!(error instanceof HeddleError)) {
    say(`heddle: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return exitCodes.failed;
  }
  say(`heddle: ${error.code}: ${error.message}`);
  return error.code === 'invalid-field' || error.code === 'invalid-json'
    ? exitCodes.usage
    : exitCodes.failed;
}
