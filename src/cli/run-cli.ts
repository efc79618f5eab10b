/**
 * The command line: arguments in, one call, text out. Each command stands in its own file; they are
 * put together here, and an error of a command becomes an exit code.
 */
import { Command } from 'commander';
import { addBudgetCommand } from './budget-command.ts';
import { addCircuitsCommand } from './circuits-command.ts';
import { addDatabaseCommands } from './database-commands.ts';
import { addEmulateCommand } from './emulate-command.ts';
import { exitCodeOf, exitCodes, exitCodesHelp } from './exit-codes.ts';
import { packageVersion } from '../api/package-version.ts';
import { addProvidersCommand } from './providers-command.ts';
import { addQuestionsCommands } from './questions-commands.ts';
import { addServeCommand } from './serve-command.ts';
import { addTokensCommand } from './tokens-command.ts';
import { addRunsCommands } from './runs-commands.ts';
import { writerTo, type Streams } from './streams.ts';

/** Resolves with the exit code; by then everything is closed. */
export async function runCli(args: readonly string[], streams: Streams): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = new Command('heddle')
    .description('Durable LLM agents that are statecharts, on Postgres.')
    .version(await packageVersion(import.meta.url))
    .addHelpText('after', exitCodesHelp)
    .showHelpAfterError('(add --help for what is known)')
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
    })
    // This stands before the commands are made, because they copy these settings from here.
    .exitOverride();
  addCircuitsCommand(program, streams, (code) => {
    exitCode = code;
  });
  addServeCommand(program, streams);
  addRunsCommands(program, streams);
  addQuestionsCommands(program, streams);
  addBudgetCommand(program, streams);
  addDatabaseCommands(program, streams);
  addProvidersCommand(program, streams);
  addEmulateCommand(program, streams);
  addTokensCommand(program, streams);
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return exitCodeOf(error, writerTo(streams.stderr));
  }
}
