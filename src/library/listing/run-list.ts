/** Lists of runs as a caller asks for them: a filter, an opaque cursor, and counts beside the list. */
import { asOneOf, asText, asWhole, refuseField } from '../../domain/field.ts';
import type { Json } from '../../domain/json.ts';
import { asOptions } from '../../domain/options.ts';
import type { TenantScope } from '../../domain/scope.ts';
import type { RunFacets, RunLine, RunPlace } from '../../store/ports/listing-port.ts';
import type { Store } from '../../store/port.ts';
import { filled, filterKeys, meantRuns, type RunsFilter } from './run-filter.ts';

/** Counts are exact up to so many runs. */
const countMax = 10_000;

/** A page of a list of runs. */
export type RunListQuery = RunsFilter & {
  /**
   * By age. Default `newest`. With a time of the end in the filter, the order is that of the ends instead.
   */
  readonly order?: 'newest' | 'oldest';
  /** From the page before: where this one begins. */
  readonly cursor?: string;
  /** How many runs at most, 1 to 1,000. Default 100. */
  readonly limit?: number;
};

/** A page of runs. */
export type RunList = {
  /** The runs. On a page that is not the last there may be fewer than `limit`, or none. */
  readonly runs: readonly RunLine[];
  /** For the next page; null after the last. */
  readonly next: string | null;
};

const orders = ['newest', 'oldest'] as const;

export async function listRuns(
  store: Pick<Store, 'list'>,
  given: RunListQuery,
  within: TenantScope,
): Promise<RunList> {
  const query = asOptions(given, 'list', [...filterKeys, 'order', 'cursor', 'limit']);
  const { scope, filter } = meantRuns(query, within, 'list');
  const order = asOneOf(query.order, 'list.order', orders, 'newest');
  const limit = asWhole(query.limit, 'list.limit', { min: 1, max: 1_000, fallback: 100 });
  const isByEnd = filter.endedFromMs !== null || filter.endedBelowMs !== null;
  const after = query.cursor === undefined ? null : placeOf(query.cursor, isByEnd);
  const page = await store.list(scope, { ...filter, order, after, limit });
  return { runs: page.runs, next: page.next === null ? null : cursorOf(page.next) };
}

export async function countRuns(
  store: Pick<Store, 'facets'>,
  given: RunsFilter,
  within: TenantScope,
): Promise<RunFacets> {
  const { scope, filter } = meantRuns(asOptions(given, 'count', filterKeys), within, 'count');
  return store.facets(scope, { ...filter, countMax });
}

/** 16 bytes of the id; after them the time of the end, where the list is in that order. */
export function cursorOf({ runId, endedUs }: RunPlace): string {
  const id = Buffer.from(runId.replaceAll('-', ''), 'hex');
  if (endedUs === null) return id.toString('base64url');
  const end = Buffer.alloc(8);
  end.writeBigUInt64BE(BigInt(endedUs));
  return Buffer.concat([id, end]).toString('base64url');
}

export function placeOf(given: unknown, isByEnd: boolean, field = 'list.cursor'): RunPlace {
  const cursor = asText(given as Json, field);
  const bytes = /^[\w-]{22,32}$/.test(cursor) ? Buffer.from(cursor, 'base64url') : Buffer.alloc(0);
  if (bytes.length !== (isByEnd ? 24 : 16)) {
    refuseField(field, 'is none that a list with this filter has given');
  }
  const runId = filled(bytes.subarray(0, 16).toString('hex'), '0');
  if (!isByEnd) return { runId, endedUs: null };
  const endedUs = Number(bytes.readBigUInt64BE(16));
  if (!Number.isSafeInteger(endedUs)) refuseField(field, 'is none that a list has given');
  return { runId, endedUs };
}
