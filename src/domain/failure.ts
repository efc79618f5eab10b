/**
 * The error event that a chart's `onError` gets. `event.error` is the thrown value as plain JSON;
 * `event.failure` is what heddle knows of the failure.
 */
import { HeddleError, toErrorRecord, type ErrorDetail, type ErrorRecord } from './errors.ts';
import { isA } from './thrown.ts';
import { thrownJson } from './thrown-json.ts';

/** `event.failure` of an error event: heddle's record of it, and where it came from. */
export type Failure = {
  /** A code of heddle's registry, or the code of the author's error; `error` where an error has none. */
  readonly code: string;
  /** What went wrong, in words. */
  readonly message: string;
  /** The details in the message; only for heddle's own errors. */
  readonly detail?: ErrorDetail;
  /** How often a task was tried. */
  readonly attempts?: number;
  /** The `src` of the invocation, as the chart names it. */
  readonly source: string;
  /** The run in which it happened: this one, or the child. */
  readonly run: string;
};

/** The record of a value that code outside heddle has thrown, with the JSON of it that the chart gets. */
export function recordOf(thrown: unknown): ErrorRecord {
  const record = toErrorRecord(thrown);
  return isA(thrown, HeddleError) ? record : { ...record, thrown: thrownJson(thrown) };
}
