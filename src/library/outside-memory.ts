/**
 * Memory entries read and written from outside runs.
 *
 * Leaves the checks of a request to requests.ts, and the comparison of versions to the store's commit.
 *
 * 1. Every write adds a version; none is overwritten. A writer that expects a version and has lost a
 *    race gets `memory-conflict`. A writer that expects none writes after the newest version, whichever
 *    it is.
 */
import type { MemoryVersion, RecallOutput } from '../domain/catalogue.ts';
import { heddleError } from '../domain/errors.ts';
import { asWhole, refuseField } from '../domain/field.ts';
import { toJson, type Json } from '../domain/json.ts';
import { asOptions } from '../domain/options.ts';
import type { TenantScope } from '../domain/scope.ts';
import type { RequestAsked } from '../store/requests/request-rows.ts';
import { before, requested } from './outside/requested.ts';
import { asError } from './run-end.ts';
import { recalled } from '../runtime/turn/recalled.ts';
import { memoryAddress, type MemoryOwner, type OwnedEntry } from './requests.ts';
import type { Runtime } from '../runtime/runtime.ts';

/** Which version of a memory entry is read. */
export type RecallOptions = {
  /** This version instead of the newest. */
  readonly version?: number;
  /** At most so many versions before it as well, newest first. Default 0. */
  readonly history?: number;
};
/** Which version a memory entry must have when it is written. */
export type RememberOptions = {
  /**
   * The version that the entry must have (0: it must not exist); otherwise the write throws
   * `memory-conflict`. Default: any.
   */
  readonly expectedVersion?: number;
};

/** What is written, to an entry that was found within the caller's scope. */
type Write = OwnedEntry & {
  readonly valueText: string;
  readonly deleted: boolean;
  readonly expected: number | null;
};

/** As the store counts them. */
const versionMax = 2_147_483_647;

export class OutsideMemory {
  /** Throws `closed` after the close. */
  readonly #open: () => Runtime;
  readonly #scope: TenantScope;
  readonly #request: RequestAsked | null;

  constructor(open: () => Runtime, scope: TenantScope, request: RequestAsked | null = null) {
    this.#open = open;
    this.#scope = scope;
    this.#request = request;
  }

  async recall(owner: MemoryOwner, key: string, given: RecallOptions = {}): Promise<RecallOutput> {
    const options = asOptions(given, 'recall', ['version', 'history']);
    const { within, address } = memoryAddress(owner, key, this.#scope);
    const history = asWhole(options.history, 'recall.history', { min: 0, max: 1_000, fallback: 0 });
    const bounds = { min: 1, max: versionMax, fallback: null };
    const version = asWhole(options.version, 'recall.version', bounds);
    const { versions } = await this.#open().store.memory(within, { ...address, version, history });
    return recalled(key, versions, history);
  }

  async remember(
    owner: MemoryOwner,
    key: string,
    value: unknown,
    given: RememberOptions,
  ): Promise<{ readonly key: string; readonly version: number }> {
    const options = asOptions(given, 'remember', ['expectedVersion']);
    const { within, address } = memoryAddress(owner, key, this.#scope);
    if (value === undefined) refuseField('remember.value', 'must be given');
    const valueText = JSON.stringify(toJson(value, 'remember.value'));
    const bounds = { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: null };
    const expected = asWhole(options.expectedVersion, 'remember.expectedVersion', bounds);
    return this.#write({ within, address, valueText, deleted: false, expected });
  }

  /** A delete is a version too. Of an entry that is not there, version 0 is given, and nothing is written. */
  async forget(
    owner: MemoryOwner,
    key: string,
    given: RememberOptions,
  ): Promise<{ readonly key: string; readonly version: number }> {
    const options = asOptions(given, 'forget', ['expectedVersion']);
    const { within, address } = memoryAddress(owner, key, this.#scope);
    const bounds = { min: 1, max: Number.MAX_SAFE_INTEGER, fallback: null };
    const expected = asWhole(options.expectedVersion, 'forget.expectedVersion', bounds);
    return this.#write({ within, address, valueText: 'null', deleted: true, expected });
  }

  /** The versions of an entry, newest first, deletions among them. `below`: only those before this one. */
  async versions(
    owner: MemoryOwner,
    key: string,
    { limit, below }: { readonly limit: number; readonly below?: number | undefined },
  ): Promise<readonly MemoryVersion[]> {
    const { within, address } = memoryAddress(owner, key, this.#scope);
    const history = asWhole(limit, 'limit', { min: 1, max: 1_000, fallback: 100 }) - 1;
    const read = { ...address, version: below === undefined ? null : below - 1, history };
    const { store } = this.#open();
    const found = await store.memory(within, read);
    // All versions stand before one that is yet to come.
    const isAhead = read.version !== null && found.newest > 0 && found.newest < read.version;
    const { versions } = isAhead ? await store.memory(within, { ...read, version: null }) : found;
    return versions.map(({ version, valueText, deleted, runId, turn }) => ({
      version,
      parent: version > 1 ? version - 1 : null,
      value: deleted ? null : (JSON.parse(valueText) as Json),
      deleted,
      runId,
      turn,
    }));
  }

  async #write(write: Write): Promise<{ readonly key: string; readonly version: number }> {
    const { within, address, valueText, deleted, expected } = write;
    const { key } = address;
    const runtime = this.#open();
    const read = { ...address, version: null, history: 0 };
    const { versions, newest } = await runtime.store.memory(within, read);
    // A deleted entry does not exist, though its version numbers go on.
    const actual = versions[0]?.deleted === true && expected === 0 ? 0 : newest;
    if (expected !== null && expected !== actual) {
      throw heddleError('memory-conflict', { key, actual: newest, expected });
    }
    const isThere = versions[0]?.deleted === false;
    if (deleted && !isThere) return { key, version: 0 };
    if (newest === 0) await runtime.admission.memoryEntry(address.tenant);
    const version = newest + 1;
    const row = { ...address, version, valueText, deleted, runId: null, turn: null };
    const fate = await runtime.arrive({
      kind: 'memory',
      value: {
        ...row,
        ...(expected === null ? { onAny: true } : {}),
        ...requested(this.#request, { key, version }),
      },
    });
    if (fate?.kind === 'refused') throw asError(fate.error);
    if (fate?.kind === 'repeated') return before(fate);
    return { key, version: fate === null ? version : fate.version };
  }
}
