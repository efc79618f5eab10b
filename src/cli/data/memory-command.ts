/** `heddle memory`: entries of a run, an agent, a user or the tenant. */
import type { Command } from 'commander';
import {
  HeddleRequestError,
  type EntryAddress,
  type MemoryOwner,
  type MemoryVersion,
} from '../../client/index.ts';
import { asOneOf } from '../../domain/field.ts';
import { apiCommand, withJsonFlags, type ApiFlags } from '../api/api-flags.ts';
import { jsonArgument } from '../api/json-argument.ts';
import { printList, printOne, tableOf } from '../api/printed.ts';
import { withClient } from '../api/with-client.ts';
import type { Streams } from '../streams.ts';
import { wholeOf } from '../whole.ts';

const scopes = ['run', 'agent', 'user', 'tenant'] as const;
const versions = { min: 0, max: Number.MAX_SAFE_INTEGER } as const;
const entry = '<scope> <owner> <key>';

type WriteFlags = ApiFlags & { readonly expect?: string };
type Given<Flags> = readonly [string, string, string, Flags];

/** In scope `tenant` the tenant is the owner, and `-` stands in its place. */
export function ownerOf(scope: string, owner: string): MemoryOwner {
  const known = asOneOf(scope, 'scope', scopes);
  return known === 'tenant' ? { scope: known } : { scope: known, owner };
}

function addressOf(scope: string, owner: string, key: string): EntryAddress {
  return { ...ownerOf(scope, owner), key };
}

export function addMemoryCommand(program: Command, streams: Streams): Command {
  const memory = program
    .command('memory')
    .description('memory entries; scope: run, agent, user or tenant (whose owner is -)');
  const get = apiCommand(memory, `get ${entry}`)
    .description('print the value of an entry')
    .option('--version <n>', 'as of this version');
  withJsonFlags(get, 'the entry with its version').action(
    async (...given: Given<ApiFlags & { readonly version?: string }>) => {
      const [scope, owner, key, flags] = given;
      const address = addressOf(scope, owner, key);
      const { version } = flags;
      const query = version === undefined ? {} : { version: wholeOf(version, 'version', versions) };
      const found = await withClient(flags, (client) => client.memory.get(address, query));
      if (found === null) throw unknown(key);
      printOne(streams, flags, found, ({ value }) => JSON.stringify(value, null, 2));
    },
  );
  const put = apiCommand(memory, `put ${entry} <value>`)
    .description('write a version: JSON, @file, or - for standard input')
    .option('--expect <n>', 'only after this version; 0: only if there is none');
  withJsonFlags(put, 'what was written').action(
    async (...given: readonly [string, string, string, string, WriteFlags]) => {
      const [scope, owner, key, text, flags] = given;
      const address = addressOf(scope, owner, key);
      const value = await jsonArgument(text, 'value', streams);
      const written = await withClient(flags, (client) =>
        client.memory.put(address, value, expected(flags)),
      );
      printOne(streams, flags, written, ({ version }) => `${key} is at version ${version}.`);
    },
  );
  const remove = apiCommand(memory, `delete ${entry}`)
    .description('delete an entry; its history stays')
    .requiredOption('--expect <n>', 'only if it is still at this version');
  withJsonFlags(remove, 'what was written').action(async (...given: Given<WriteFlags>) => {
    const [scope, owner, key, flags] = given;
    const address = addressOf(scope, owner, key);
    const { expectedVersion = 0 } = expected(flags);
    const written = await withClient(flags, (client) =>
      client.memory.delete(address, expectedVersion),
    );
    printOne(streams, flags, written, ({ version }) => `${key} is deleted by version ${version}.`);
  });
  addVersions(memory, streams);
  return memory;
}

function addVersions(memory: Command, streams: Streams): void {
  const list = apiCommand(memory, `versions ${entry}`)
    .description('list the versions of an entry, newest first')
    .option('--limit <n>', 'how many at most, 1 to 1000 (default: 100)');
  withJsonFlags(list, 'the versions').action(
    async (...given: Given<ApiFlags & { readonly limit?: string }>) => {
      const [scope, owner, key, flags] = given;
      const address = addressOf(scope, owner, key);
      const limit = wholeOf(flags.limit ?? '100', 'limit', { min: 1, max: 1_000 });
      const found = await withClient(flags, (client) => client.memory.versions(address, { limit }));
      printList(streams, flags, found, { text: versionTable, none: 'No version is there.' });
    },
  );
}

function versionTable(list: readonly MemoryVersion[]): string {
  return tableOf(
    ['version', 'by run', 'turn', 'value'],
    list.map(({ version, runId, turn, deleted, value }) => {
      return [version, runId ?? '', turn ?? '', deleted ? 'deleted' : shortened(value)];
    }),
  );
}

function shortened(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function expected({ expect }: WriteFlags): { readonly expectedVersion?: number } {
  return expect === undefined ? {} : { expectedVersion: wholeOf(expect, 'expect', versions) };
}

function unknown(key: string): HeddleRequestError {
  const detail = `No memory entry has the key ${key}.`;
  return new HeddleRequestError({ code: 'entry-unknown', detail, status: 404, retryable: false });
}
