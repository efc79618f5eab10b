/** `heddle channels list|groups|renew`, `heddle memory list` and `heddle budget list`. */
import type { Command } from 'commander';
import type { ChannelView, EntryView, GroupView, Page, UserBudget } from '../../client/index.ts';
import { apiCommand, withJsonFlags, type ApiFlags } from '../api/api-flags.ts';
import { iso, printList, tableOf } from '../api/printed.ts';
import { withClient } from '../api/with-client.ts';
import { writerTo, type Streams } from '../streams.ts';
import { wholeOf } from '../whole.ts';
import { ownerOf } from './memory-command.ts';

type ListFlags = ApiFlags & { readonly prefix?: string; readonly limit?: string };

const limits = { min: 1, max: 100_000 } as const;
const leases = { min: 1, max: 86_400_000 } as const;
/** The most that the API gives at once. */
const atOnce = 1_000;

function listCommand(parent: Command, nameAndArguments: string, what: string): Command {
  const command = apiCommand(parent, nameAndArguments)
    .option('--prefix <text>', 'only those whose name begins so')
    .option('--limit <n>', 'how many at most, 1 to 100000 (default: 100)');
  return withJsonFlags(command, what);
}

/** Page by page, as many as are wanted. */
async function upTo<Item>(
  flags: ListFlags,
  read: (query: { prefix?: string; limit: number; cursor: string }) => Promise<Page<Item>>,
): Promise<readonly Item[]> {
  const most = wholeOf(flags.limit ?? '100', 'limit', limits);
  const { prefix } = flags;
  const found: Item[] = [];
  for (let cursor = ''; ;) {
    const limit = Math.min(most - found.length, atOnce);
    const page = await read({ limit, cursor, ...(prefix === undefined ? {} : { prefix }) });
    found.push(...page.items);
    ({ cursor } = page);
    if (cursor === '' || found.length >= most) return found;
  }
}

export function addChannelLists(channels: Command, streams: Streams): void {
  listCommand(channels, 'list', 'the channels')
    .description('list channels by name')
    .action(async (flags: ListFlags) => {
      const found = await withClient(flags, (client) =>
        upTo(flags, (query) => client.channels.list(query)),
      );
      printList(streams, flags, found, { text: channelTable, none: 'No channel is there.' });
    });
  const groups = apiCommand(channels, 'groups <channel>').description(
    'list the groups of a channel: what each has yet to get',
  );
  withJsonFlags(groups, 'the groups').action(async (channel: string, flags: ListFlags) => {
    const found = await withClient(flags, (client) =>
      upTo({ ...flags, limit: String(limits.max) }, async ({ limit, cursor }) => {
        const page = await client.channels.groups(channel, { limit, cursor });
        return { items: page.groups, cursor: page.cursor };
      }),
    );
    printList(streams, flags, found, { text: groupTable, none: 'No group reads from it.' });
  });
  apiCommand(channels, 'renew <channel> <group> <tokens...>')
    .description('keep leased messages for longer, by their tokens')
    .option('--lease-ms <n>', 'from now on (default: 30000)')
    .action(
      async (
        ...given: readonly [
          string,
          string,
          readonly string[],
          ApiFlags & { readonly leaseMs?: string },
        ]
      ) => {
        const [channel, group, tokens, flags] = given;
        const { leaseMs } = flags;
        const options =
          leaseMs === undefined ? {} : { leaseMs: wholeOf(leaseMs, 'leaseMs', leases) };
        const renewed = await withClient(flags, (client) =>
          client.channels.renew(channel, group, tokens, options),
        );
        const say = writerTo(streams.stderr);
        tokens.forEach((token, index) => {
          const how = renewed[index] === true ? 'is kept' : 'is lost: lease again';
          say(`${token} ${how}`);
        });
      },
    );
}

export function addMemoryList(memory: Command, streams: Streams): void {
  listCommand(memory, 'list <scope> <owner>', 'the entries')
    .description('list the entries of an owner by key')
    .option('--deleted', 'deleted ones too')
    .action(
      async (scope: string, owner: string, flags: ListFlags & { readonly deleted?: boolean }) => {
        const of = ownerOf(scope, owner);
        const deleted = flags.deleted === true;
        const found = await withClient(flags, (client) =>
          upTo(flags, (query) => client.memory.list(of, { ...query, deleted })),
        );
        printList(streams, flags, found, { text: entryTable, none: 'No entry is there.' });
      },
    );
}

function channelTable(list: readonly ChannelView[]): string {
  return tableOf(
    ['channel', 'newest', 'messages', 'groups', 'published'],
    list.map(({ channel, head, messages, groups, newestAtMs }) => {
      return [channel, head, messages, groups, newestAtMs === null ? '' : iso(newestAtMs)];
    }),
  );
}

function groupTable(list: readonly GroupView[]): string {
  return tableOf(
    ['group', 'at', 'lag', 'leased'],
    list.map(({ group, cursor, lag, leased }) => [group, cursor, lag, leased]),
  );
}

function entryTable(list: readonly EntryView[]): string {
  return tableOf(
    ['key', 'version', 'bytes', 'written', 'by run', 'value'],
    list.map(({ key, version, bytes, writtenAtMs, runId, deleted, valueStart }) => {
      const value = deleted ? 'deleted' : shortened(valueStart);
      return [key, version, bytes, iso(writtenAtMs), runId ?? '', value];
    }),
  );
}

const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

export function addBudgetList(budget: Command, streams: Streams): void {
  listCommand(budget, 'list', 'the budgets')
    .description('list what users have used of their budgets, by name')
    .action(async (flags: ListFlags) => {
      const found = await withClient(flags, ({ operator }) =>
        upTo(flags, (query) => operator.budgets(query)),
      );
      const none = 'No user has a budget, or was charged to one.';
      printList(streams, flags, found, { text: budgetTable, none });
    });
}

function budgetTable(budgets: readonly UserBudget[]): string {
  const shown = (value: number | null | undefined): number | string => value ?? 'no bound';
  return tableOf(
    ['user', 'tokens', 'spent', 'reserved', 'left', 'cost', 'spent', 'reserved', 'left', 'per'],
    budgets.map(({ user, budget, spent, reserved, left }) => [
      user,
      ...(['tokens', 'cost'] as const).flatMap((kind) => [
        shown(budget?.[kind]),
        spent[kind],
        reserved[kind],
        shown(left[kind]),
      ]),
      budget?.per ?? 'ever',
    ]),
  );
}
