/**
 * What a failure of Postgres or of the connection means for what was being done. Codes:
 * https://www.postgresql.org/docs/current/errcodes-appendix.html.
 */
import { heddleError, type HeddleError } from '../../domain/errors.ts';
import { isStalePlan } from './session-end.ts';

/** Codes that heddle's own guards raise: `heddle.refuse` in the first migration. */
export const guard = {
  fence: 'HD001',
  run: 'HD002',
  memory: 'HD003',
  cursor: 'HD004',
  budget: 'HD005',
  answer: 'HD006',
  start: 'HD007',
} as const;

/**
 * - guard: one of heddle's own checks inside the transaction; nothing was written.
 * - replay: this commit id has been committed before.
 * - again: a deadlock, a serialization conflict, or a session that is not as this connection knows
 *   it (session-end.ts); nothing was written, and the same transaction may be run again.
 * - lost: no answer; a transaction that was under way may or may not have been committed.
 * - busy: a lock was not to be had in time, or the server has no room; nothing was written.
 * - slow: the statement took too long; nothing was written, and it would take as long again.
 * - data: Postgres refuses a value; it will again.
 * - other: a fault of heddle's.
 */
export type FailureKind =
  'guard' | 'replay' | 'again' | 'lost' | 'busy' | 'slow' | 'data' | 'other';

const guards: ReadonlySet<string> = new Set(Object.values(guard));
/**
 * Keys that let one of two writers in. Their statements have no ON CONFLICT: that costs a record of
 * WAL for each row, and the second writer's turn is refused in any case.
 */
const guardKeys: ReadonlySet<unknown> = new Set([
  'runs_pkey',
  'runs_idempotency',
  'memory_versions_pkey',
]);
const again: ReadonlySet<string> = new Set(['40001', '40P01', '25P02', '26000', '42P05']);
/** Shutdown, crash of another backend, starting up, a standby; 08 is the connection itself. */
const lost: ReadonlySet<string> = new Set([
  '57P01',
  '57P02',
  '57P03',
  '57P04',
  '57P05',
  '25006',
  '25P03',
]);
/** A lock was not to be had in time, or too many connections. */
const busy: ReadonlySet<string> = new Set(['55P03', '53300']);

export function failureKind(error: unknown): FailureKind {
  if (error instanceof DataFailure) return 'data';
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  // pg's own errors carry no code, and those of sockets one like EPIPE: no SQLSTATE begins with E.
  if (typeof code !== 'string' || !/^[0-9A-DF-Z][0-9A-Z]{4}$/.test(code)) return 'lost';
  if (guards.has(code)) return 'guard';
  if (code === '23505' && constraint === 'commits_pkey') return 'replay';
  if (code === '23505' && guardKeys.has(constraint)) return 'guard';
  if (again.has(code) || isStalePlan(error)) return 'again';
  // 08P01 is a message that heddle has written wrongly, unless a pooler says goodbye with it.
  const isWrong = code === '08P01' && (error as { severity?: unknown }).severity !== 'FATAL';
  if (lost.has(code) || (code.startsWith('08') && !isWrong)) return 'lost';
  if (busy.has(code) || code.startsWith('53')) return 'busy';
  if (code === '57014') return 'slow';
  if (/^(22|23|54)/.test(code)) return 'data';
  return 'other';
}

/** A value that cannot even be sent. */
class DataFailure extends Error {}

export function dataFailure(reason: string): Error {
  return new DataFailure(reason);
}

export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}

export function unavailable(error: unknown): HeddleError {
  return heddleError('store-unavailable', { reason: reasonOf(error) }, { cause: error });
}
