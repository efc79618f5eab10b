/**
 * Says whether a failure is the turn's own. Such a failure counts against its run: what its chart did,
 * data that Postgres refuses, a bound of heddle's. Every other failure is a fault of the database's or
 * of heddle's, and no run fails for it (promise 13).
 */
import { isA, propertyOf, thrownText } from '../domain/thrown.ts';
import { HeddleError, heddleError, type ErrorCode } from '../domain/errors.ts';

const nobodysOwn: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'internal',
  'store-error',
  'store-unavailable',
  'closed',
  // Only heddle moves a status, so a wrong move is heddle's fault.
  'illegal-transition',
]);

export function isTurnsOwn(error: unknown): error is HeddleError {
  return isA(error, HeddleError) && !nobodysOwn.has(error.code);
}

/** The failure as an error of the registry. One without a code is a fault of heddle's: `internal`. */
export function faultOf(error: unknown): HeddleError {
  if (isA(error, HeddleError) && error.code !== 'illegal-transition') return error;
  return heddleError('internal', { reason: thrownText(error) }, { cause: error });
}

/** Where heddle met a fault of its own, for the people who mend it. */
export function placeOf({ code, cause }: HeddleError): { readonly stack?: string } {
  const stack = code === 'internal' ? propertyOf(cause, 'stack') : undefined;
  return typeof stack === 'string' ? { stack } : {};
}
