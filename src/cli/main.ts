#!/usr/bin/env node
/** The command line: arguments in, one call, text out. What each command does stands in its file. */
import { Command } from 'commander';
import { addCircuitsCommand } from './circuits-command.ts';
import { addDatabaseCommands } from './database-commands.ts';
import { exitCodeOf, exitCodesHelp } from './exit-codes.ts';
import { packageVersion } from './package-version.ts';
import { addRunsCommands } from './runs-commands.ts';

async function program(): Promise<Command> {
  const heddle = new Command('heddle')
    .description('Durable LLM agents that are statecharts, on Postgres.')
    .version(await packageVersion(import.meta.url))
    .addHelpText('after', exitCodesHelp)
    .showHelpAfterError('(add --help for what is known)')
    // Before the subcommands are made: they take it over from here.
    .exitOverride();
  addCircuitsCommand(heddle);
  addRunsCommands(heddle);
  addDatabaseCommands(heddle);
  return heddle;
}

// A reader that has seen enough closes the pipe; that is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  await (await program()).parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error, (line) => process.stderr.write(`${line}\n`));
}
