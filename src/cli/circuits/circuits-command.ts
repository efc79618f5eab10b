/** `heddle circuits`: the workload by which heddle is measured, with its table and its audit. */
import type { Command } from 'commander';
import { defaultCircuits } from '../../circuits/settings.ts';
import { circuitsServer, circuitsSettings, type CircuitsFlags } from './circuits-flags.ts';
import { withDatabaseFlags } from '../database-flags.ts';
import type { Streams } from '../streams.ts';

export function addCircuitsCommand(
  program: Command,
  streams: Streams,
  endWith: (exitCode: number) => void,
): void {
  const { scales, mode, circuitsPerUser, latencyMs, seed, patienceMs } = defaultCircuits;
  const command = program
    .command('circuits')
    .description(
      'run circuits of three agents, all of a scale open at once, and audit the database',
    )
    .option('--scale <list>', `how many circuits, scale by scale (default: ${scales.join(',')})`)
    .option('--circuits-per-user <n>', `circuits that share a user (default: ${circuitsPerUser})`)
    .option(
      '--mode <mode>',
      `who does the steps: statechart, or the model in a tool-loop (default: ${mode})`,
    )
    .option('--latency-ms <n>', `latency of each emulated model call (default: ${latencyMs})`)
    .option('--seed <n>', `what is answered without a model depends on it (default: ${seed})`)
    .option('--patience-ms <n>', `when nothing moves for so long, give up (default: ${patienceMs})`)
    .option('--json', 'one object per scale on standard output, one per line')
    .option(
      '--resume',
      'start nothing: finish and audit the circuits that the database holds open',
    );
  command.option(
    '--url <url>',
    'run them on this heddle over HTTP (heddle serve --circuits; its token: HEDDLE_TOKEN, with run, read and admin)',
  );
  command.option(
    '--ui',
    'watch them in a browser: serves the pages on loopback, and stays until Ctrl-C (with --url: the pages of that heddle, and ends with the circuits)',
  );
  withDatabaseFlags(withProviderFlags(command)).action(async (flags: CircuitsFlags) => {
    // Wrong flags are refused before the workload, the emulators and the tables are loaded, which no other command needs.
    const asked = circuitsServer(flags, process.env) ?? circuitsSettings(flags, process.env);
    const { circuits } = await import('./circuits-shown.ts');
    endWith(await circuits(asked, flags, streams));
  });
}

function withProviderFlags(command: Command): Command {
  return command
    .option(
      '--provider <kind>',
      'emulated: both protocols on loopback (default); stub: in process; anthropic or ollama: the real thing',
    )
    .option('--ceiling <list>', 'providers and their calls at once (default: a=120,b=120)')
    .option('--ceilings <how>', 'told, or learned: heddle finds them out by refusals')
    .option('--fault-429-share <n>', 'emulated: share of replies that are 429 at random')
    .option(
      '--outage <list>',
      'emulated: a=30000@10000 takes a out for 30 s from the tenth second on',
    )
    .option('--model <name>', 'what a real provider is asked for')
    .option('--api-key <key>', 'of Anthropic (better: ANTHROPIC_API_KEY, which ps does not show)')
    .option('--anthropic-url <url>', 'where Anthropic is (default: its own address)')
    .option('--ollama-url <url>', 'where Ollama is (default: OLLAMA_HOST, else 127.0.0.1:11434)');
}
