/** Memory entries over the API. */
import { pathWord } from './path-word.ts';
import { HeddleRequestError } from '../problem.ts';
import type { Asked, Transport } from '../transport.ts';
import type { Json, MemoryEntry, MemoryOwner, MemoryVersion, Page, Written } from '../api-types.ts';
import type { EntryView, NamesQuery } from '../types/lists.ts';

/** The place of an entry: its owner and its key. */
export type EntryAddress = MemoryOwner & {
  /** The key. */
  readonly key: string;
};

function ownerAt(of: MemoryOwner): string {
  const owner = of.scope === 'tenant' ? '-' : of.owner;
  return `/v1/memory/${of.scope}/${pathWord(owner)}`;
}

const at = (entry: EntryAddress, rest = ''): string =>
  `${ownerAt(entry)}/${pathWord(entry.key)}${rest}`;

/** Memory entries over the API. */
export class Memory {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Null when there is no such entry. */
  async get(
    entry: EntryAddress,
    query: {
      /** The version. */
      readonly version?: number;
      /** Earlier versions, newest first. */
      readonly history?: number;
    } = {},
  ): Promise<MemoryEntry | null> {
    try {
      return (await this.#transport.ask<MemoryEntry>('GET', at(entry), { query })).body;
    } catch (error) {
      if (error instanceof HeddleRequestError && error.code === 'entry-unknown') return null;
      throw error;
    }
  }

  /**
   * Writes a version. With `expectedVersion` it must follow that one (0: there must be none), or `version-differs`
   * is thrown; without, it follows whichever is the newest.
   */
  async put(
    entry: EntryAddress,
    value: Json,
    { expectedVersion }: { readonly expectedVersion?: number } = {},
  ): Promise<Written> {
    const body = { value };
    if (expectedVersion === undefined) {
      return (await this.#transport.ask<Written>('POST', at(entry), { body })).body;
    }
    const on = conditionOf(expectedVersion);
    return (await this.#transport.ask<Written>('PUT', at(entry), { body, ...on })).body;
  }

  /** Deletes the entry if it is still at that version. Its history stays. */
  async delete(entry: EntryAddress, expectedVersion: number): Promise<Written> {
    const on = conditionOf(expectedVersion);
    return (await this.#transport.ask<Written>('DELETE', at(entry), on)).body;
  }

  /** A page of the owner's entries, by key; it may be short. */
  async list(
    owner: MemoryOwner,
    query: NamesQuery & {
      /** True: deleted entries too. */
      readonly deleted?: boolean;
    } = {},
  ): Promise<Page<EntryView>> {
    type Body = { readonly entries: readonly EntryView[]; readonly cursor: string };
    const { body } = await this.#transport.ask<Body>('GET', ownerAt(owner), { query });
    return { items: body.entries, cursor: body.cursor };
  }

  /** The versions of an entry, newest first, deletions too. */
  async versions(
    entry: EntryAddress,
    query: {
      /** How many at most. */
      readonly limit?: number;
      /** Only versions before this one. */
      readonly below?: number;
    } = {},
  ): Promise<readonly MemoryVersion[]> {
    type Body = { readonly versions: readonly MemoryVersion[] };
    return (await this.#transport.ask<Body>('GET', at(entry, '/versions'), { query })).body
      .versions;
  }
}

function conditionOf(version: number): Pick<Asked, 'headers' | 'repeat'> {
  const headers = version === 0 ? { 'if-none-match': '*' } : { 'if-match': `"${version}"` };
  return { headers, repeat: 'not' };
}
