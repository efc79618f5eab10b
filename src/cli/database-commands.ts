/** `heddle migrate` and `heddle postgres stop`: what is done to a database, not to runs. */
import type { Command } from 'commander';
import { stopEmbeddedPostgres } from '../heddle.ts';
import { withDatabaseFlags, type DatabaseFlags } from './database-flags.ts';
import { withHeddle } from './runs-commands.ts';

export function addDatabaseCommands(program: Command): void {
  withDatabaseFlags(program.command('migrate'))
    .description('bring the database to the schema of this heddle; does nothing when it is')
    .action(async (flags: DatabaseFlags) => {
      // Whoever opens a store migrates it; here that is all.
      await withHeddle(flags, () => Promise.resolve());
      process.stdout.write('The database has the schema of this heddle.\n');
    });
  const postgres = program
    .command('postgres')
    .description('the Postgres that heddle brings along');
  postgres
    .command('stop')
    .description('stop it, whoever uses it; what it holds stays')
    .option('--directory <dir>', 'where heddle keeps it (default: .heddle)')
    .action(async ({ directory }: { readonly directory?: string }) => {
      const end = await stopEmbeddedPostgres(directory === undefined ? {} : { directory });
      process.stdout.write(end === 'absent' ? 'No Postgres runs there.\n' : 'Stopped.\n');
    });
}
