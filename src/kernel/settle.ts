/**
 * Settles the values that a chart computed: everything that a run keeps (context, inputs, outputs,
 * events to send) becomes plain JSON and is frozen, so that a hot state and a restored one cannot
 * differ.
 *
 * There are three reasons to freeze. An assign that changes its context in place would change the
 * former state, which the journal has. It would also change the context of every other run, where
 * the chart has a literal context. And a value that cannot change need not be checked again, so a
 * step checks only the parts that it made.
 */
import type { Json } from '../domain/json.ts';
import { heddleError, HeddleError } from '../domain/errors.ts';
import { limits } from '../domain/limits.ts';
import { plainJson } from '../domain/plain/copy.ts';

/**
 * Settles `value`: returns a frozen copy. `before` is a settled value of the same place: parts that
 * it shares with `value` are taken over without a check. Properties that are `undefined`, which
 * charts often write (`assign({ error: undefined })`), count as absent, and so does `undefined`
 * itself. Throws `invalid-json` naming the field when JSON would lose anything else.
 */
export function settle(value: unknown, field: string, before?: unknown): Json | undefined {
  const bytesMax = limits.snapshotBytesMax;
  return plainJson(value, { field, bytesMax, isFrozen: true, before }).copy;
}

/** Settles a context. A context that is too large gets an error of its own, with its own mend. */
export function settleContext(context: unknown, before?: unknown): Json | undefined {
  try {
    return settle(context, 'context', before);
  } catch (error) {
    if (!(error instanceof HeddleError) || error.code !== 'payload-too-large') throw error;
    throw heddleError('snapshot-too-large', { bytesMax: limits.snapshotBytesMax });
  }
}
