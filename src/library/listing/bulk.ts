/**
 * Commands to all open runs that a filter means. The request carries how many runs its sender has counted: when
 * more match by then, nothing is done. One request reaches 1,000 runs, the oldest; the next goes on behind them.
 */
import { HeddleError, heddleError } from '../../domain/errors.ts';
import { asOneOf, asWhole, refuseField } from '../../domain/field.ts';
import type { RunId } from '../../domain/ids.ts';
import type { OneTenant, TenantScope } from '../../domain/scope.ts';
import { asOptions } from '../../domain/options.ts';
import type { RunLine, RunPage } from '../../store/ports/listing-port.ts';
import type { Store } from '../../store/port.ts';
import type { RunRow } from '../../store/rows.ts';
import { reasonText } from '../requests.ts';
import { openStatuses } from '../runs-query.ts';
import { behindId, filterKeys, meantRuns, type Meant, type RunsFilter } from './run-filter.ts';
import { cursorOf, placeOf } from './run-list.ts';

/** What can be told to many runs. */
export type BulkCommand = 'cancel' | 'pause' | 'resume';
const commands = ['cancel', 'pause', 'resume'] as const;

/** How many open runs a command means. */
export type BulkCount = {
  /** How many: 100,000 at most. */
  readonly matches: number;
};

/** A command to many runs. */
export type BulkRequest = {
  /** How many runs match, as they were counted before. When more match now, nothing is done. */
  readonly matches: number;
  /** Kept with each run. */
  readonly reason?: string;
  /** From the answer before, to go on behind its runs. */
  readonly cursor?: string;
};

/** What came of one request. */
export type BulkDone = {
  /** The runs that have the command now and take it in their turns. */
  readonly runIds: readonly RunId[];
  /** How many they are. */
  readonly done: number;
  /** How many runs that match were left for the next request. */
  readonly left: number;
  /** For the next request; null when none is left. */
  readonly next: string | null;
};

/** What a bulk command needs of its caller. */
export type Steering = {
  readonly store: Pick<Store, 'list' | 'openCount'>;
  /** The runs that earlier tries of the same request have told, oldest first: a request reaches no more for being repeated. */
  readonly toldBefore: (scope: OneTenant, limit: number) => Promise<readonly RunId[]>;
  /** Throws when another carries the request out by now. */
  readonly checkHeld: () => void;
  /** Gives one run the command, once however often the request is carried out. */
  readonly tell: (run: RunLine, scope: OneTenant, reason: string) => Promise<void>;
};

const bulkMax = 1_000;
const countMax = 100_000;
/** How many commands of a request are under way at once. */
const atOnce = 100;

export async function countMeant(
  store: Pick<Store, 'openCount'>,
  command: BulkCommand,
  given: RunsFilter,
  within: TenantScope,
): Promise<BulkCount> {
  const { scope, filter } = steerable(command, given, within);
  return { matches: await store.openCount(scope, { ...filter, countMax }) };
}

export async function steerMany(
  { store, tell, toldBefore, checkHeld }: Steering,
  command: BulkCommand,
  given: { readonly filter: RunsFilter; readonly request: BulkRequest },
  within: TenantScope,
): Promise<BulkDone> {
  const { scope, filter } = steerable(command, given.filter, within);
  const request = asOptions(given.request, 'bulk', ['matches', 'reason', 'cursor']);
  const { matches, reason = 'no reason given', cursor } = request;
  const expected = asWhole(matches, 'bulk.matches', { min: 0, max: countMax, fallback: null });
  if (expected === null) refuseField('bulk.matches', 'must say how many runs were counted');
  reasonText(reason);
  const after = cursor === undefined ? null : placeOf(cursor, false, 'bulk.cursor');
  // What the requests before have reached is not counted again.
  const from = after === null ? filter.from : later(behindId(after.runId), filter.from);
  const before = await toldBefore(scope, bulkMax);
  const found = await store.openCount(scope, { ...filter, from, countMax });
  // The first try was let in by its count. A repetition reaches the oldest of so many, and none that came since.
  if (before.length === 0 && found > expected)
    throw heddleError('more-match', { found, expected, command });
  const asked = { ...filter, order: 'oldest', after, limit: bulkMax } as const;
  const page = await store.list(scope, asked);
  const { runs, next } = withTold(page, before, Math.min(bulkMax, expected));
  const runIds = [...before];
  for (let at = 0; at < runs.length; at += atOnce) {
    checkHeld();
    const part = runs.slice(at, at + atOnce).map(async (run) => {
      if (await told(() => tell(run, scope, reason))) runIds.push(run.runId);
    });
    await Promise.all(part);
  }
  const left = next === null ? 0 : Math.max(found - runs.length, 1);
  return {
    runIds,
    done: runIds.length,
    left,
    next: next === null ? null : cursorOf(next),
  };
}

/** The runs of the page that are yet to be told, and where the request ends: the oldest `most`, with those told before. */
function withTold(page: RunPage, before: readonly RunId[], most: number): RunPage {
  if (before.length === 0) return page;
  const told = new Set<string>(before);
  const fresh = page.runs.filter(({ runId }) => !told.has(runId));
  const all = [...before, ...fresh.map(({ runId }) => runId)].toSorted((a, b) => (a < b ? -1 : 1));
  const last = all.slice(0, most).at(-1);
  const isCut = page.next !== null || all.length > most;
  return {
    runs: fresh.filter(({ runId }) => last === undefined || runId <= last),
    next: isCut && last !== undefined ? { runId: last, endedUs: null } : null,
  };
}

/** The open runs that the command can move: the others of the filter are left out. */
function steerable(command: BulkCommand, given: RunsFilter, within: TenantScope): Meant {
  asOneOf(command, 'bulk.command', commands);
  const { scope, filter } = meantRuns(asOptions(given, 'filter', filterKeys), within, 'filter');
  const statuses = movable[command].filter(
    (status) => filter.statuses === null || filter.statuses.includes(status),
  );
  return { scope, filter: { ...filter, statuses } };
}

/** A pause of a paused run, and a resume of one that is not, would change nothing. */
const movable: Readonly<Record<BulkCommand, readonly RunRow['status'][]>> = {
  cancel: openStatuses,
  pause: openStatuses.filter((status) => status !== 'paused'),
  resume: ['paused'],
};

const later = (a: RunId | null, b: RunId | null): RunId | null =>
  a !== null && b !== null ? (a > b ? a : b) : (a ?? b);

/** A run that has ended meanwhile is not told, and stops none of the others. */
async function told(tell: () => Promise<void>): Promise<boolean> {
  try {
    await tell();
    return true;
  } catch (error) {
    if (error instanceof HeddleError && ['run-ended', 'run-unknown'].includes(error.code))
      return false;
    throw error;
  }
}
