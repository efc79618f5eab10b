/** The flags that say whom a command asks: the same for all commands that speak the client. */
import type { Command } from 'commander';
import { refuseField } from '../../domain/field.ts';
import { databaseOf, withDatabaseFlags, type DatabaseFlags } from '../database-flags.ts';

export type ApiFlags = DatabaseFlags & {
  readonly url?: string;
  readonly tenant?: string;
  readonly curl?: boolean;
  readonly json?: boolean;
  readonly jsonl?: boolean;
};

type Environment = Readonly<Record<string, string | undefined>>;

export function apiCommand(program: Command, nameAndArguments: string): Command {
  const command = program
    .command(nameAndArguments)
    .option('--tenant <name>', 'whose (default: the token’s own, or default)')
    .option('--url <url>', 'a heddle that serves (default: HEDDLE_URL; its token: HEDDLE_TOKEN)');
  return withDatabaseFlags(command).option(
    '--curl',
    'print the first request as a line for a shell, and do not send it',
  );
}

/** With `--json` beside: an empty list is `[]` in one, and nothing in the other. */
export function withJsonFlags(command: Command, what: string): Command {
  return command
    .option('--json', `${what} as one JSON document`)
    .option('--jsonl', `${what} as JSON, one to a line`);
}

export type Target =
  | { readonly kind: 'server'; readonly url: string }
  | { readonly kind: 'database'; readonly options: ReturnType<typeof databaseOf> };

/** A flag wins over the environment, and there a server over a database. */
export function targetOf(flags: ApiFlags, environment: Environment): Target {
  const { url, databaseUrl, directory } = flags;
  const ofDatabase = databaseUrl !== undefined || directory !== undefined;
  if (url !== undefined && ofDatabase) {
    refuseField('url', 'must not be given beside a database: a command asks one of them');
  }
  const named = url ?? (ofDatabase ? undefined : environment['HEDDLE_URL']);
  if (named === undefined || named === '') return { kind: 'database', options: databaseOf(flags) };
  return { kind: 'server', url: serverUrl(named) };
}

export function serverUrl(given: string): string {
  if (!/^https?:\/\/[^/\s]+/.test(given)) refuseField('url', 'must begin with http:// or https://');
  return given.replace(/\/+$/, '');
}
