/** Which runs of a tenant are meant: the filter of lists, counts and bulk commands, checked by field. */
import { tenantIn } from '../../access/scopes.ts';
import { asOneOf, asText, asWhole, refuseField } from '../../domain/field.ts';
import { asRunId, checkName, type RunId } from '../../domain/ids.ts';
import type { Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { asList } from '../../domain/options.ts';
import type { OneTenant, TenantScope } from '../../domain/scope.ts';
import { asTag } from './tags.ts';
import type { RunFilter } from '../../store/ports/listing-port.ts';
import type { RunRow } from '../../store/rows.ts';
import { runStatuses } from '../runs-query.ts';

/** Which runs of a tenant are meant. A field that is left out restricts nothing. */
export type RunsFilter = {
  /** The tenant. Default `default`. */
  readonly tenant?: string;
  /** Only runs in one of these statuses. */
  readonly statuses?: readonly RunRow['status'][];
  /** Only runs of this agent. */
  readonly agent?: string;
  /** Only runs of this user. */
  readonly user?: string;
  /** Only runs of this pipeline. */
  readonly pipeline?: string;
  /** Only children of this run. */
  readonly parentRunId?: string;
  /** Only runs that have ended with an error of this code. */
  readonly code?: string;
  /** Only runs that have all of these tags. */
  readonly tags?: readonly string[];
  /** Only runs whose id begins with this. */
  readonly idPrefix?: string;
  /** Only runs that were started at this time or later, in ms since 1970. */
  readonly startedFromMs?: number;
  /** Only runs that were started before this time. */
  readonly startedBelowMs?: number;
  /** Only runs that have ended at this time or later, in ms since 1970. */
  readonly endedFromMs?: number;
  /** Only runs that have ended before this time. */
  readonly endedBelowMs?: number;
};

export const filterKeys = [
  'tenant',
  'statuses',
  'agent',
  'user',
  'pipeline',
  'parentRunId',
  'code',
  'tags',
  'idPrefix',
  'startedFromMs',
  'startedBelowMs',
  'endedFromMs',
  'endedBelowMs',
] as const;

export type Meant = { readonly scope: OneTenant; readonly filter: RunFilter };

/** `field`: what the filter is part of, for what is said of a wrong one. */
export function meantRuns(given: RunsFilter, within: TenantScope, field: string): Meant {
  const named = (key: 'agent' | 'user' | 'pipeline' | 'code'): string | null =>
    given[key] === undefined ? null : checkName(given[key], `${field}.${key}`);
  const time = (key: 'startedFromMs' | 'startedBelowMs' | 'endedFromMs' | 'endedBelowMs') =>
    asWhole(given[key], `${field}.${key}`, { min: 0, max: timeMax[key], fallback: null });
  const prefix =
    given.idPrefix === undefined ? null : prefixOf(given.idPrefix, `${field}.idPrefix`);
  const [from, below] = [time('startedFromMs'), time('startedBelowMs')];
  const lows = [prefix === null ? null : filled(prefix, '0'), from === null ? null : firstAt(from)];
  const highs = [prefix === null ? null : behind(prefix), below === null ? null : firstAt(below)];
  const filter: RunFilter = {
    statuses: given.statuses === undefined ? null : statusesOf(given.statuses, field),
    agent: named('agent'),
    user: named('user'),
    pipeline: named('pipeline'),
    parent: given.parentRunId === undefined ? null : parentOf(given.parentRunId, field),
    code: named('code'),
    tags: given.tags === undefined ? [] : tagsOf(given.tags, `${field}.tags`),
    from: sorted(lows).at(-1) ?? null,
    below: sorted(highs)[0] ?? null,
    endedFromMs: time('endedFromMs'),
    endedBelowMs: time('endedBelowMs'),
  };
  return { scope: tenantIn(within, given.tenant, `${field}.tenant`), filter };
}

/** The last time that an id of heddle's can hold; the year 10889. */
const idMsMax = 2 ** 48 - 1;
/** The last whole number of microseconds that JavaScript has; the year 2255. */
const endMsMax = Math.floor(Number.MAX_SAFE_INTEGER / 1_000);
const timeMax = {
  startedFromMs: idMsMax,
  startedBelowMs: idMsMax,
  endedFromMs: endMsMax,
  endedBelowMs: endMsMax,
} as const;

const sorted = (ids: readonly (RunId | null)[]): RunId[] =>
  ids.filter((id): id is RunId => id !== null).sort();

function statusesOf(given: unknown, field: string): RunRow['status'][] {
  const list = asList(given, `${field}.statuses`, { max: runStatuses.length, what: 'statuses' });
  return list.map((status) => asOneOf(status as Json, `${field}.statuses`, runStatuses));
}

function parentOf(given: unknown, field: string): RunId {
  if (typeof given !== 'string' || !/^[0-9a-f-]{36}$/.test(given)) {
    refuseField(`${field}.parentRunId`, 'is no id of a run');
  }
  return asRunId(given);
}

function tagsOf(given: unknown, field: string): string[] {
  const list = asList(given, field, { max: limits.tagsMax, what: 'tags' });
  return list.map((tag, i) => asTag(tag, `${field}[${i}]`));
}

/** The digits of the prefix, without dashes. */
function prefixOf(given: unknown, field: string): string {
  const digits = asText(given as Json, field).toLowerCase();
  if (!/^[0-9a-f-]{0,36}$/.test(digits) || digits.replaceAll('-', '').length > 32) {
    refuseField(field, 'must be the beginning of an id');
  }
  return digits.replaceAll('-', '');
}

/** The first id that begins with these digits. */
export function filled(digits: string, digit: '0' | 'f'): RunId {
  const all = digits.padEnd(32, digit);
  return asRunId(all.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));
}

export const behindId = (runId: RunId): RunId | null => behind(runId.replaceAll('-', ''));

/** The first id behind all that begin with these digits; null when there is none. */
function behind(digits: string): RunId | null {
  if (/^f*$/.test(digits)) return null;
  const next = (BigInt(`0x${digits}`) + 1n).toString(16).padStart(digits.length, '0');
  return filled(next, '0');
}

/** The first id that can be made at this time: ids begin with it. */
const firstAt = (ms: number): RunId => filled(ms.toString(16).padStart(12, '0'), '0');
