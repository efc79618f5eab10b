/**
 * What a caller asks of channels, of memory and of budgets, beside single ones: lists, groups, renewed leases.
 */
import type { OneTenant } from '../../domain/scope.ts';
import type { BudgetRow } from '../charges.ts';

/** A page of names: those that begin with `prefix`, in the order of their bytes. `after`: only names after this one. */
export type NamesAsked = {
  readonly prefix: string;
  readonly after: string | null;
  readonly limit: number;
};

export type ChannelRow = {
  readonly channel: string;
  /** The newest message's number. */
  readonly head: number;
  /** How many messages are kept. */
  readonly messages: number;
  /** When the newest kept message was published; null when none is kept. */
  readonly newestAtMs: number | null;
  /** Its groups; at most `groupsCounted` are counted. */
  readonly groups: number;
};

/** A count of more than this says so many: each costs a look-up. */
export const groupsCounted = 1_000;

export type GroupRow = {
  readonly group: string;
  /** The number of the last message that was given to the group. */
  readonly cursor: number;
  /** Messages above the cursor. */
  readonly lag: number;
  /** Messages under a lease, ended ones too; at most `groupsCounted` are counted. */
  readonly leased: number;
};

export type EntryRow = {
  readonly key: string;
  /** The newest version. */
  readonly version: number;
  readonly deleted: boolean;
  /** The size of its value as JSON. */
  readonly bytes: number;
  /** The first characters of its value as JSON. */
  readonly valueStart: string;
  readonly runId: string | null;
  readonly turn: number | null;
  readonly writtenAtMs: number;
};

export interface RecordsStore {
  channels(scope: OneTenant, query: NamesAsked): Promise<readonly ChannelRow[]>;
  /** The groups of a channel, by name. */
  groups(
    scope: OneTenant,
    query: Omit<NamesAsked, 'prefix'> & { readonly channel: string },
  ): Promise<readonly GroupRow[]>;
  /** From now on each lease lasts `leaseMs`. False for each token whose lease has ended or was acknowledged. */
  renewLeases(
    scope: OneTenant,
    request: {
      readonly channel: string;
      readonly group: string;
      readonly tokens: readonly string[];
      readonly leaseMs: number;
    },
  ): Promise<readonly boolean[]>;
  /** The budgets of users by name, as they are stored: of users that were given one, or that a default has charged. */
  userBudgets(scope: OneTenant, query: NamesAsked): Promise<readonly BudgetRow[]>;
  /** The entries of one owner by key, deleted ones too. `scope`: of the entries. */
  memoryEntries(
    scope: OneTenant,
    query: NamesAsked & {
      readonly scope: string;
      readonly owner: string;
      readonly valueCharsMax: number;
    },
  ): Promise<readonly EntryRow[]>;
}

/**
 * The first name, by bytes, after all that begin with the prefix; null: there is none. The order of UTF-8 bytes is
 * that of code points.
 */
export function nameAfterPrefix(prefix: string): string | null {
  const points = Array.from(prefix, (sign) => sign.codePointAt(0) ?? 0);
  while (points.at(-1) === 0x10ffff) points.pop();
  const last = points.pop();
  if (last === undefined) return null;
  // No text holds a lone surrogate.
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
}
