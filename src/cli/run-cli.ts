/**
 * The command line: arguments in, one call, text out. Each command stands in its own file; they are
 * put together here, and an error of a command becomes an exit code.
 */
import { Command } from 'commander';
import { heddleVersion } from '../api/version.ts';
import { addActivityCommand } from './activity-command.ts';
import { addAgentsCommand } from './agents/agents-command.ts';
import { addBudgetCommand } from './budget-command.ts';
import { addCircuitsCommand } from './circuits/circuits-command.ts';
import { addChannelsCommand } from './data/channels-command.ts';
import { addEvaluationsCommand } from './data/evaluations-command.ts';
import { addMemoryCommand } from './data/memory-command.ts';
import { addBudgetList, addChannelLists, addMemoryList } from './data/names-commands.ts';
import { addDatabaseCommands } from './database-commands.ts';
import { addEmulateCommand } from './emulate-command.ts';
import { exitCodeOf, exitCodes, exitCodesHelp } from './exit-codes.ts';
import { addProvidersCommand } from './providers-command.ts';
import { addReplicasCommand } from './replicas-command.ts';
import { addChildrenCommand } from './runs/children-command.ts';
import { addListCommand } from './runs/list-command.ts';
import { addQuestionsCommands } from './runs/questions-commands.ts';
import { addRerunCommand } from './runs/rerun-command.ts';
import { addRunCommand } from './runs/run-command.ts';
import { addShowCommands } from './runs/show-command.ts';
import { addSteerCommands } from './runs/steer-commands.ts';
import { addServeCommand } from './serve-command.ts';
import { writerTo, type Streams } from './streams.ts';
import { addTokensCommand } from './tokens-command.ts';

/** Resolves with the exit code; by then everything is closed. */
export async function runCli(args: readonly string[], streams: Streams): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = new Command('heddle')
    .description('Durable LLM agents that are statecharts, on Postgres.')
    .version(heddleVersion)
    .addHelpText('after', exitCodesHelp)
    .showHelpAfterError('(add --help for what is known)')
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
    })
    // This stands before the commands are made, because they copy these settings from here.
    .exitOverride()
    // After the name of a command its own --version is meant, and not that of heddle.
    .enablePositionalOptions();
  const endWith = (code: number): void => {
    exitCode = code;
  };
  addServeCommand(program, streams);
  addRunCommand(program, streams, endWith);
  addRerunCommand(program, streams, endWith);
  addListCommand(program, streams);
  addChildrenCommand(program, streams);
  addShowCommands(program, streams, endWith);
  addSteerCommands(program, streams, endWith);
  addQuestionsCommands(program, streams);
  addChannelLists(addChannelsCommand(program, streams), streams);
  addMemoryList(addMemoryCommand(program, streams), streams);
  addEvaluationsCommand(program, streams);
  addProvidersCommand(program, streams);
  addReplicasCommand(program, streams);
  addActivityCommand(program, streams);
  addBudgetList(addBudgetCommand(program, streams), streams);
  addAgentsCommand(program, streams, endWith);
  addTokensCommand(program, streams);
  addDatabaseCommands(program, streams);
  addEmulateCommand(program, streams);
  addCircuitsCommand(program, streams, endWith);
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    const [show, say] = [writerTo(streams.stdout), writerTo(streams.stderr)];
    return exitCodeOf(error, { show, say });
  }
}
