/** `heddle run`: starts a run, and stays with it if that is asked. */
import type { Command } from 'commander';
import { asOneOf, refuseField } from '../../domain/field.ts';
import { priorities } from '../../domain/priority.ts';
import { apiCommand, withJsonFlags } from '../api/api-flags.ts';
import { jsonArgument } from '../api/json-argument.ts';
import { printOne } from '../api/printed.ts';
import { withClient } from '../api/with-client.ts';
import { writerTo, type Streams } from '../streams.ts';
import { attached, type AttachFlags } from './attached.ts';

type RunFlags = AttachFlags & {
  readonly input?: string;
  readonly user?: string;
  readonly pipeline?: string;
  readonly priority?: string;
  readonly key?: string;
  readonly tag?: string;
};

/** An agent's name may look so, but nobody gives it. */
const looksLikeRun = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function addRunCommand(
  program: Command,
  streams: Streams,
  endWith: (exitCode: number) => void,
): void {
  const command = apiCommand(program, 'run <agent>')
    .description('start a run, and print its id (to look at a run: heddle show)')
    .option('--input <json>', 'its input: JSON, @file, or - for standard input')
    .option('--user <name>', 'for whom')
    .option('--pipeline <name>', 'runs of one pipeline belong together, and older ones end first')
    .option('--priority <word>', priorities.join(', '))
    .option('--tag <list>', 'words by which it is found again, as in red,urgent')
    .option('--key <text>', 'the run is started once, however often this is called with this key')
    .option('--wait', 'wait for its end, and print its output')
    .option('--follow', 'print its turns as they are taken, then its output')
    .option('--timeout-ms <n>', 'with --wait or --follow: how long; the run goes on after it');
  withJsonFlags(command, 'what it says').action(async (agent: string, flags: RunFlags) => {
    if (looksLikeRun.test(agent)) {
      refuseField('agent', `is the id of a run; to look at it: heddle show ${agent}`);
    }
    if (flags.timeoutMs !== undefined && flags.wait !== true && flags.follow !== true) {
      refuseField('timeoutMs', 'is for --wait and --follow');
    }
    const options = await optionsOf(flags, streams);
    await withClient(flags, async (client) => {
      const started = await client.runs.start(agent, options);
      if (flags.wait !== true && flags.follow !== true) {
        printOne(streams, flags, started, ({ id }) => id);
        return;
      }
      writerTo(streams.stderr)(`Run ${started.id} has begun.`);
      endWith(await attached(client, started.id, flags, streams));
    });
  });
}

async function optionsOf(
  { input, user, pipeline, priority, key, tag }: RunFlags,
  streams: Streams,
) {
  return {
    ...(input === undefined ? {} : { input: await jsonArgument(input, 'input', streams) }),
    ...(user === undefined ? {} : { user }),
    ...(pipeline === undefined ? {} : { pipeline }),
    ...(priority === undefined ? {} : { priority: asOneOf(priority, 'priority', priorities) }),
    ...(tag === undefined ? {} : { tags: tag.split(',').map((one) => one.trim()) }),
    ...(key === undefined ? {} : { idempotencyKey: key }),
  };
}
