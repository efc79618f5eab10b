/** The flags that choose the database of a command: the same two for every command. */
import type { Command } from 'commander';
import { refuseField } from '../domain/field.ts';
import type { HeddleOptions } from '../heddle.ts';

export type DatabaseFlags = { readonly databaseUrl?: string; readonly directory?: string };

export function withDatabaseFlags(command: Command): Command {
  return command
    .option('--database-url <url>', 'a Postgres of yours (default: DATABASE_URL)')
    .option('--directory <dir>', 'where heddle keeps a Postgres of its own (default: .heddle)');
}

/** A flag wins over the environment, so that DATABASE_URL does not replace `--directory`. */
export function databaseOf(flags: DatabaseFlags): Pick<HeddleOptions, 'databaseUrl' | 'directory'> {
  const { databaseUrl, directory } = flags;
  if (databaseUrl !== undefined && directory !== undefined) {
    refuseField('directory', 'must not be given beside databaseUrl: a run has one database');
  }
  if (databaseUrl !== undefined) return { databaseUrl };
  return directory === undefined ? {} : { directory, databaseUrl: null };
}
