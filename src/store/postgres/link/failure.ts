/**
 * The consequence of a failure of Postgres or of the connection for the work that met it. Codes:
 * https://www.postgresql.org/docs/current/errcodes-appendix.html.
 */
import { HeddleError, heddleError } from '../../../domain/errors.ts';
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
  request: 'HD008',
} as const;

/**
 * - guard: one of heddle's own checks inside the transaction; nothing was written.
 * - replay: this commit id has been committed before.
 * - again: a deadlock, a serialization conflict, or a session that differs from what this connection
 *   knows of it (session-end.ts); nothing was written, and the same transaction may be run again.
 * - lost: no answer; a transaction that was under way may or may not have been committed.
 * - busy: a lock was not free in time, or the server has no room; nothing was written.
 * - slow: the statement took too long; nothing was written, and it would take as long again.
 * - data: Postgres refuses a value; it will refuse it again.
 * - other: any other error of Postgres, about a right, a table, its disk or itself: nothing was
 *   written, and the error ends when a person has corrected its cause.
 * - bug: heddle's own code threw, and Postgres was not asked.
 */
export type FailureKind =
  'guard' | 'replay' | 'again' | 'lost' | 'busy' | 'slow' | 'data' | 'other' | 'bug';

const guards: ReadonlySet<string> = new Set(Object.values(guard));
/**
 * Keys that let only one of two writers in. Their statements have no ON CONFLICT, because that costs a
 * record of WAL for each row, and the second writer's turn is refused in any case.
 */
const guardKeys: ReadonlySet<unknown> = new Set([
  'runs_pkey',
  'runs_idempotency',
  'memory_versions_pkey',
]);
const again: ReadonlySet<string> = new Set(['40001', '40P01', '25P02', '26000', '42P05']);
/** Shutdown, crash of another backend, starting up, a standby. Class 08 is the connection itself. */
const lost: ReadonlySet<string> = new Set([
  '57P01',
  '57P02',
  '57P03',
  '57P04',
  '57P05',
  '25006',
  '25P03',
  '25P04',
]);
/** A lock was not free in time, or there are too many connections. */
const busy: ReadonlySet<string> = new Set(['55P03', '53300']);

/**
 * Codes of what can be wrong with a run's value: a text, number or time that a column cannot hold, a
 * key that an index does not take. The other codes of class 22, and class 23 (heddle's tables have no
 * checks on values), come from objects that were added to the database beside heddle's, or from a bug
 * of heddle's.
 */
const data = /^(22001|22003|22007|22008|22021|22P02|22P03|22P05|54000)$/;
/** Compared by name, because pg's errors and heddle's may belong to two realms. */
const bugs: ReadonlySet<unknown> = new Set([
  'TypeError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'EvalError',
  'URIError',
]);

export function failureKind(error: unknown): FailureKind {
  if (error instanceof DataFailure) return 'data';
  if (typeof error !== 'object' || error === null) return 'bug';
  const { name, constraint } = error as { name?: unknown; constraint?: unknown };
  const code = sqlstateOf(error);
  // pg's own errors and those of sockets have no SQLSTATE.
  if (code === null) return bugs.has(name) ? 'bug' : 'lost';
  if (guards.has(code)) return 'guard';
  if (code === '23505' && constraint === 'commits_pkey') return 'replay';
  if (code === '23505' && guardKeys.has(constraint)) return 'guard';
  if (again.has(code) || isStalePlan(error)) return 'again';
  // 08P01 is a message that heddle has written wrongly, unless it is fatal: a pooler ends a session
  // with it.
  const isWrong = code === '08P01' && (error as { severity?: unknown }).severity !== 'FATAL';
  if (lost.has(code) || (code.startsWith('08') && !isWrong)) return 'lost';
  if (busy.has(code) || code.startsWith('53')) return 'busy';
  if (code === '57014') return 'slow';
  return data.test(code) ? 'data' : 'other';
}

/**
 * Null for an error that is not Postgres's: codes of sockets are like EPIPE, and no SQLSTATE begins
 * with E.
 */
export function sqlstateOf(error: unknown): string | null {
  const { code } = Object(error) as { code?: unknown };
  return typeof code === 'string' && /^[0-9A-DF-Z][0-9A-Z]{4}$/.test(code) ? code : null;
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

/**
 * The failure as an error of the port, once the store does not try again. Whether it counts against a
 * run depends on this alone (promise 13): only `store-poison` may.
 */
export function portError(error: unknown): HeddleError {
  if (error instanceof HeddleError) return error;
  const reason = reasonOf(error);
  const options = { cause: error };
  switch (failureKind(error)) {
    case 'lost':
      return unavailable(error);
    case 'data':
      return heddleError('store-poison', { reason }, options);
    case 'bug':
      return heddleError('internal', { reason }, options);
    default:
      return heddleError('store-error', { reason, sqlstate: sqlstateOf(error) }, options);
  }
}
