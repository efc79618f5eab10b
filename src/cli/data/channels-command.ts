/** `heddle channels`: messages published, read, and leased from a group. */
import type { Command } from 'commander';
import type { Message } from '../../client/index.ts';
import { asOneOf } from '../../domain/field.ts';
import { apiCommand, withJsonFlags, type ApiFlags } from '../api/api-flags.ts';
import { jsonArgument } from '../api/json-argument.ts';
import { iso, printList, printOne } from '../api/printed.ts';
import { withClient } from '../api/with-client.ts';
import { untilInterrupted } from '../interrupts.ts';
import { writerTo, type Streams } from '../streams.ts';
import { wholeOf } from '../whole.ts';

type PublishFlags = ApiFlags & { readonly delayMs?: string };
type ReadFlags = ApiFlags & {
  readonly after?: string;
  readonly limit?: string;
  readonly follow?: boolean;
};
type LeaseFlags = ApiFlags & {
  readonly max?: string;
  readonly leaseMs?: string;
  readonly from?: string;
};

const numbers = { min: 0, max: Number.MAX_SAFE_INTEGER } as const;
const longPollMs = 25_000;

export function addChannelsCommand(program: Command, streams: Streams): Command {
  const channels = program.command('channels').description('messages of channels');
  const publish = apiCommand(channels, 'publish <channel> <payload>')
    .description('publish a message: JSON, @file, or - for standard input')
    .option('--delay-ms <n>', 'it is there after so long');
  withJsonFlags(publish, 'its id').action(
    async (channel: string, payload: string, flags: PublishFlags) => {
      const { delayMs } = flags;
      const bounds = { min: 0, max: 2_147_483_647 };
      const options = delayMs === undefined ? {} : { delayMs: wholeOf(delayMs, 'delayMs', bounds) };
      const value = await jsonArgument(payload, 'payload', streams);
      const published = await withClient(flags, (client) =>
        client.channels.publish(channel, value, options),
      );
      printOne(streams, flags, published, ({ messageId }) => messageId);
    },
  );
  const read = apiCommand(channels, 'read <channel>')
    .description('print messages in order; takes none away')
    .option('--after <n>', 'those above this number (default: 0, all that are kept)')
    .option('--limit <n>', 'how many at most, 1 to 1000 (default: 100)')
    .option('--follow', 'go on with those to come, until Ctrl-C');
  withJsonFlags(read, 'the messages').action((channel: string, flags: ReadFlags) =>
    flags.follow === true ? follow(channel, flags, streams) : readOnce(channel, flags, streams),
  );
  addGroupCommands(channels, streams);
  return channels;
}

function addGroupCommands(channels: Command, streams: Streams): void {
  const lease = apiCommand(channels, 'lease <channel> <group>')
    .description('lease messages to a consumer of the group, until it acknowledges them')
    .option('--max <n>', 'how many at most, 1 to 1000 (default: 10)')
    .option('--lease-ms <n>', 'after so long another consumer may have them (default: 30000)')
    .option('--from <word>', 'where a new group begins: earliest (default) or latest');
  withJsonFlags(lease, 'the messages, each with its token,').action(
    async (channel: string, group: string, flags: LeaseFlags) => {
      const { max, leaseMs, from } = flags;
      const options = {
        ...(max === undefined ? {} : { max: wholeOf(max, 'max', { min: 1, max: 1_000 }) }),
        ...(leaseMs === undefined
          ? {}
          : { leaseMs: wholeOf(leaseMs, 'leaseMs', { min: 1, max: 86_400_000 }) }),
        ...(from === undefined
          ? {}
          : { from: asOneOf(from, 'from', ['earliest', 'latest'] as const) }),
      };
      const leased = await withClient(flags, (client) =>
        client.channels.lease(channel, group, options),
      );
      const text = (all: typeof leased) =>
        all.map((one) => `${messageLine(one)}\n  token ${one.token}`).join('\n');
      printList(streams, flags, leased, { text, none: 'No message is there for the group.' });
    },
  );
  apiCommand(channels, 'acknowledge <channel> <group> <tokens...>')
    .description('mark leased messages as done, by their tokens')
    .action(async (...given: readonly [string, string, readonly string[], ApiFlags]) => {
      const [channel, group, tokens, flags] = given;
      const done = await withClient(flags, (client) =>
        client.channels.acknowledge(channel, group, tokens),
      );
      const say = writerTo(streams.stderr);
      tokens.forEach((token, index) => {
        const how = done[index] === true ? 'is done' : 'is not: its lease has ended; lease again';
        say(`${token} ${how}`);
      });
    });
}

async function readOnce(channel: string, flags: ReadFlags, streams: Streams): Promise<void> {
  const limit = wholeOf(flags.limit ?? '100', 'limit', { min: 1, max: 1_000 });
  const after = wholeOf(flags.after ?? '0', 'after', numbers);
  const { messages } = await withClient(flags, (client) =>
    client.channels.read(channel, { after, limit }),
  );
  const text = (all: readonly Message[]): string => all.map(messageLine).join('\n');
  printList(streams, flags, messages, { text, none: 'No message is there.' });
}

/** Line by line whatever is asked, because it has no end. */
async function follow(channel: string, flags: ReadFlags, streams: Streams): Promise<void> {
  const show = writerTo(streams.stdout);
  let after = wholeOf(flags.after ?? '0', 'after', numbers);
  const isJson = flags.json === true || flags.jsonl === true;
  await withClient(flags, (client) =>
    untilInterrupted(async (signal) => {
      try {
        for (;;) {
          const query = { after, waitMs: longPollMs };
          const { messages } = await client.channels.read(channel, query, { signal });
          for (const message of messages) {
            show(isJson ? JSON.stringify(message) : messageLine(message));
            after = message.seq;
          }
        }
      } catch (error) {
        if (!signal.aborted) throw error;
        writerTo(streams.stderr)('To go on from here:');
        writerTo(streams.stderr)(`  heddle channels read ${channel} --after ${after} --follow`);
      }
    }),
  );
}

const messageLine = ({ seq, publishedAtMs, payload }: Message): string =>
  `${seq}  ${iso(publishedAtMs)}  ${JSON.stringify(payload)}`;
