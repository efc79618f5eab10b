/** The exit codes of the process; `heddle --help` lists the same ones. */
import { CommanderError } from 'commander';
import { HeddleRequestError } from '../client/index.ts';
import { HeddleError } from '../domain/errors.ts';
import { CurlShown } from './api/curl.ts';
import { nextCommand } from './api/next-command.ts';

export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  cancelled: 3,
  auth: 4,
  goesOn: 5,
} as const;

export const exitCodesHelp = `
Exit codes:
  0  done; of a run that was waited for: completed; for circuits: all completed and the audit is clean
  1  failed, interrupted, or the audit found a difference
  2  bad usage: an unknown option, a value that is refused, or a question that nobody is there to answer
  3  the run that was waited for was cancelled
  4  a token is missing, unknown, or does not allow it
  5  the run goes on: it did not end in time, or Ctrl-C has left it alone; its id is printed`;

/** Commander has written its own errors already; all other errors are written here. */
export function exitCodeOf(
  error: unknown,
  { say, show }: Record<'say' | 'show', (line: string) => void>,
): number {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  }
  if (error instanceof CurlShown) {
    show(error.line);
    return exitCodes.ok;
  }
  if (!(error instanceof HeddleError) && !(error instanceof HeddleRequestError)) {
    say(`heddle: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return exitCodes.failed;
  }
  const { code, message, status } = error;
  say(`heddle: ${code}: ${message}`);
  const next = nextCommand(code);
  if (next !== null) say(`next: ${next}`);
  if (status === 401 || status === 403) return exitCodes.auth;
  if (code === 'run-not-finished') return exitCodes.goesOn;
  return usageCodes.has(code) ? exitCodes.usage : exitCodes.failed;
}

const usageCodes: ReadonlySet<string> = new Set(['invalid-field', 'invalid-json']);
