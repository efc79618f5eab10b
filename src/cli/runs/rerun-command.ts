/** `heddle rerun`: starts a run once more, and stays with it if that is asked. */
import type { Command } from 'commander';
import { apiCommand, withJsonFlags } from '../api/api-flags.ts';
import { jsonArgument } from '../api/json-argument.ts';
import { printOne } from '../api/printed.ts';
import { withClient } from '../api/with-client.ts';
import { writerTo, type Streams } from '../streams.ts';
import { attached, type AttachFlags } from './attached.ts';

type RerunFlags = AttachFlags & { readonly input?: string; readonly key?: string };

export function addRerunCommand(
  program: Command,
  streams: Streams,
  endWith: (exitCode: number) => void,
): void {
  const command = apiCommand(program, 'rerun <id>')
    .description('start a run once more, on the newest version of its agent, and print its id')
    .option('--input <json>', 'in place of its input: JSON, @file, or - for standard input')
    .option('--key <text>', 'it is started once, however often this is called with this key')
    .option('--wait', 'wait for its end, and print its output')
    .option('--follow', 'print its turns as they are taken, then its output')
    .option('--timeout-ms <n>', 'with --wait or --follow: how long; the run goes on after it');
  withJsonFlags(command, 'what it says').action(async (id: string, flags: RerunFlags) => {
    const { input, key } = flags;
    const options = {
      ...(input === undefined ? {} : { input: await jsonArgument(input, 'input', streams) }),
      ...(key === undefined ? {} : { idempotencyKey: key }),
    };
    await withClient(flags, async (client) => {
      const started = await client.runs.rerun(id, options);
      if (flags.wait !== true && flags.follow !== true) {
        printOne(streams, flags, started, (one) => one.id);
        return;
      }
      writerTo(streams.stderr)(`Run ${started.id} has begun.`);
      endWith(await attached(client, started.id, flags, streams));
    });
  });
}
