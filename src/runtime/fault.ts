/**
 * Whose a failure is. A turn's own counts against its run: what its chart did, data that Postgres
 * refuses, a bound of heddle's. All else is a fault of the database's or of heddle's, and no run fails
 * for it (promise 13).
 */
import { isA, propertyOf, thrownText } from '../domain/thrown.ts';
import { HeddleError, heddleError, type ErrorCode } from '../domain/errors.ts';

const nobodysOwn: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'internal',
  'store-error',
  'store-unavailable',
  'closed',
  // A status is moved by heddle alone.
  'illegal-transition',
]);

export function isTurnsOwn(error: unknown): error is HeddleError {
  return isA(error, HeddleError) && !nobodysOwn.has(error.code);
}

/** The failure as an error of the registry: what has no code is a fault of heddle's own. */
export function faultOf(error: unknown): HeddleError {
  if (isA(error, HeddleError) && error.code !== 'illegal-transition') return error;
  return heddleError('internal', { reason: thrownText(error) }, { cause: error });
}

/** Where heddle met it, for whoever mends it. */
export function placeOf({ code, cause }: HeddleError): { readonly stack?: string } {
  const stack = code === 'internal' ? propertyOf(cause, 'stack') : undefined;
  return typeof stack === 'string' ? { stack } : {};
}
