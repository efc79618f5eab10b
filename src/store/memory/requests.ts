/**
 * Requests that carry an idempotency key: see request-port.ts. It owns their rows.
 */
import { heddleError } from '../../domain/errors.ts';
import { limits } from '../../domain/limits.ts';
import type { Batch } from '../batch.ts';
import type { Fates } from '../fates.ts';
import {
  answerOf,
  isSameRequest,
  judgeMarked,
  markedParts,
  type Claim,
  type KnownRequest,
  type MarkedPart,
} from '../requests/request-port.ts';
import type {
  ClaimAsked,
  PartsAsked,
  RequestAsked,
  RequestMark,
} from '../requests/request-rows.ts';
import type { Database } from './database.ts';
import type { StoredRequest } from './stored-rows.ts';
import { join } from './table.ts';

type InTenant<Of> = Of & { readonly tenant: string };

function knownRequest(
  db: Database,
  { tenant, key }: InTenant<{ readonly key: string }>,
): StoredRequest | null {
  const row = db.tables.requests.get(join(tenant, key));
  return row !== undefined && row.atMs >= db.now() - limits.requestKeyMs ? row : null;
}

/** The same without what the store keeps beside it. */
export function toldRequest(
  db: Database,
  asked: InTenant<{ readonly key: string }>,
): KnownRequest | null {
  const known = knownRequest(db, asked);
  return known && { route: known.route, hash: known.hash, answerText: known.answerText };
}

/** The parts of a batch that have a request; those whose keys were used before get their fates. */
export function judgeRequests(db: Database, { arrivals }: Batch, fates: Fates): MarkedPart[] {
  const marked = markedParts(arrivals);
  judgeMarked(arrivals, marked, fates, ({ tenant, request: { key } }) =>
    knownRequest(db, { tenant, key }),
  );
  return marked;
}

/** Keeps the requests whose parts were written. */
export function keepRequests(
  db: Database,
  { arrivals }: Batch,
  marked: readonly MarkedPart[],
  fates: Fates,
): void {
  for (const part of marked) {
    const { kind, index, tenant, request } = part;
    const fate = fates.of(kind, index);
    if (fate !== null && fate.kind !== 'renumbered' && fate.kind !== 'existing') continue;
    const own = kind === 'memory' ? (arrivals.memory[index]?.version ?? null) : null;
    const version = fate?.kind === 'renumbered' ? fate.version : own;
    put(db, { tenant, ...request, answerText: answerOf(part, version) });
  }
}

function put(db: Database, mark: InTenant<RequestMark>): void {
  db.tables.requests.put(Object.freeze({ ...mark, atMs: db.now() }));
}

/** Does the work once: a repeat of the request gets what `Kept` says of the first. */
export function requestedOnce<Result>(
  db: Database,
  asked: InTenant<RequestAsked> | null,
  work: () => Result,
): Result {
  if (asked === null) return work();
  const { tenant, key, route, hash } = asked;
  const known = knownRequest(db, asked);
  if (known !== null && !isSameRequest(known, asked)) throw heddleError('request-differs', { key });
  if (known?.answerText === '') {
    throw heddleError('request-running', { key, retryAfterMs: 1_000 });
  }
  if (known !== null) return JSON.parse(known.answerText) as Result;
  const result = work();
  put(db, { tenant, key, route, hash, answerText: JSON.stringify(result) });
  return result;
}

export function claimRequest(db: Database, asked: InTenant<ClaimAsked>): Claim {
  const known = knownRequest(db, asked);
  const mayTake =
    known !== null &&
    known.answerText === '' &&
    isSameRequest(known, asked) &&
    (known.atMs < db.now() - limits.requestClaimMs || known.holder === asked.holder);
  if (known === null || mayTake) {
    const { tenant, key, route, hash, holder } = asked;
    const row = { tenant, key, route, hash, holder, answerText: '', atMs: db.now() };
    db.tables.requests.put(Object.freeze(row));
    return { kind: 'claimed' };
  }
  if (!isSameRequest(known, asked)) return { kind: 'differs' };
  const { answerText } = known;
  return answerText === '' ? { kind: 'running' } : { kind: 'answered', answerText };
}

/** Null: another holds the claim, or nobody. */
function heldBy(db: Database, { tenant, key, holder }: InTenant<ClaimAsked>): StoredRequest | null {
  const row = db.tables.requests.get(join(tenant, key));
  return row?.holder === holder ? row : null;
}

export function renewClaim(db: Database, asked: InTenant<ClaimAsked>): boolean {
  const row = heldBy(db, asked);
  if (row === null || row.answerText !== '') return false;
  db.tables.requests.put(Object.freeze({ ...row, atMs: db.now() }));
  return true;
}

export function answerRequest(
  db: Database,
  mark: InTenant<ClaimAsked> & { readonly answerText: string },
): boolean {
  const row = heldBy(db, mark);
  if (row === null) return false;
  db.tables.requests.put(Object.freeze({ ...row, answerText: mark.answerText }));
  return true;
}

export function dropRequest(db: Database, asked: InTenant<ClaimAsked>): boolean {
  const row = heldBy(db, asked);
  if (row === null || row.answerText !== '') return false;
  db.tables.requests.remove(join(asked.tenant, asked.key));
  return true;
}

export function requestParts(db: Database, asked: InTenant<PartsAsked>): readonly string[] {
  const { tenant, key, limit } = asked;
  return db.tables.requests
    .all()
    .filter((row) => row.tenant === tenant && isSameRequest(row, asked))
    .filter((row) => row.key.startsWith(`${key} `))
    .filter(({ atMs }) => atMs >= db.now() - limits.requestKeyMs)
    .map((row) => row.key.slice(key.length + 1))
    .sort()
    .slice(0, limit);
}

/** How many were deleted. */
export function forgetRequests(db: Database, limit: number): number {
  const over = db.tables.requests
    .all()
    .filter(({ atMs }) => atMs < db.now() - limits.requestKeyMs)
    .slice(0, limit);
  for (const { tenant, key } of over) db.tables.requests.remove(join(tenant, key));
  return over.length;
}
