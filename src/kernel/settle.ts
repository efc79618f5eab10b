/**
 * What a chart computed, brought to rest: everything that a run keeps (context, inputs, outputs,
 * events to send) is plain JSON and frozen, so that a hot state and a restored one cannot differ.
 *
 * Frozen for three reasons: an assign that changes its context in place would change the state of
 * before (which the journal has) and, through a chart's literal context, every other run's; and
 * only what cannot change need not be looked at again, so a step looks at what it made and no more.
 */
import type { Json } from '../domain/json.ts';
import { heddleError, HeddleError } from '../domain/errors.ts';
import { limits } from '../domain/limits.ts';
import { plainJson } from '../domain/plain/copy.ts';

/**
 * Brings `value` to rest: a frozen copy. `before` is a value that has been at rest at this place: parts
 * that it shares with `value` are taken over and not looked at again. Properties that are `undefined`,
 * which charts write all the time (`assign({ error: undefined })`), count as absent, and so does
 * `undefined` itself. Throws `invalid-json` naming the field when JSON would lose anything else.
 */
export function settle(value: unknown, field: string, before?: unknown): Json | undefined {
  const bytesMax = limits.snapshotBytesMax;
  return plainJson(value, { field, bytesMax, isFrozen: true, before }).copy;
}

/** The same for a context: one that is too large is told as what it is, with its own mend. */
export function settleContext(context: unknown, before?: unknown): Json | undefined {
  try {
    return settle(context, 'context', before);
  } catch (error) {
    if (!(error instanceof HeddleError) || error.code !== 'payload-too-large') throw error;
    throw heddleError('snapshot-too-large', { bytesMax: limits.snapshotBytesMax });
  }
}
