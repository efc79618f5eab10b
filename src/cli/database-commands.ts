/**
 * `heddle migrate` and `heddle postgres stop`: the commands about a database and not about runs.
 */
import type { Command } from 'commander';
import { withDatabaseFlags, type DatabaseFlags } from './database-flags.ts';
import { withHeddle } from './with-heddle.ts';
import { writerTo, type Streams } from './streams.ts';

export function addDatabaseCommands(program: Command, { stdout }: Streams): void {
  const say = writerTo(stdout);
  withDatabaseFlags(program.command('migrate'))
    .description('bring the database to the schema of this heddle; does nothing when it is')
    .action(async (flags: DatabaseFlags) => {
      // Opening a store migrates it; this command does nothing else.
      await withHeddle(flags, () => Promise.resolve());
      say('The database has the schema of this heddle.');
    });
  const postgres = program.command('postgres').description('the Postgres that heddle brings along');
  postgres
    .command('stop')
    .description('stop it, whoever uses it; what it holds stays')
    .option('--directory <dir>', 'where heddle keeps it (default: .heddle)')
    .action(async ({ directory }: { readonly directory?: string }) => {
      const { stopEmbeddedPostgres } = await import('../heddle.ts');
      const end = await stopEmbeddedPostgres(directory === undefined ? {} : { directory });
      say(end === 'absent' ? 'No Postgres runs there.' : 'Stopped.');
    });
}
