/**
 * What a chart's `onError` hears. `event.error` is what was thrown, as plain JSON; what heddle knows of
 * the failure stands beside it, in `event.failure`.
 */
import { HeddleError, toErrorRecord, type ErrorDetail, type ErrorRecord } from './errors.ts';
import { isA } from './thrown.ts';
import { thrownJson } from './thrown-json.ts';

/** `event.failure` of an error event: heddle's record of it, and where it came from. */
export type Failure = {
  /** Of heddle's registry, or the author's own; `error` where an error has none. */
  readonly code: string;
  /** In words. */
  readonly message: string;
  /** What the message was made with; of heddle's own errors. */
  readonly detail?: ErrorDetail;
  /** Of a task: how often it was tried. */
  readonly attempts?: number;
  /** The `src` of the invocation, as the chart names it. */
  readonly source: string;
  /** The run in which it happened: this one, or the child. */
  readonly run: string;
};

/** The record of anything that somebody else's code threw, with what a chart is to hear of it. */
export function recordOf(thrown: unknown): ErrorRecord {
  const record = toErrorRecord(thrown);
  return isA(thrown, HeddleError) ? record : { ...record, thrown: thrownJson(thrown) };
}
