/** A bounded wait for a run's end, for surfaces: it ends early when the surface closes. */
import { HeddleError } from '../../domain/errors.ts';
import type { RunRow } from '../../store/rows.ts';
import type { Heddle } from '../library.ts';
import { endOf } from '../run-end.ts';
import type { Run } from '../run-handle.ts';

/** The run's row: when it has ended, after `waitMs`, or when `closing` aborts. */
export async function endedWithin(
  { runtime }: Pick<Heddle, 'runtime'>,
  run: Run,
  { waitMs, closing }: { readonly waitMs: number; readonly closing: AbortSignal },
): Promise<RunRow> {
  const first = await run.row();
  if (first.endedAtMs !== null || waitMs === 0 || closing.aborted) return first;
  let last = first;
  const look = async (): Promise<RunRow> => {
    last = await run.row();
    return last;
  };
  let onAbort = (): void => undefined;
  const aborted = new Promise<RunRow>((resolve) => {
    onAbort = () => resolve(last);
    closing.addEventListener('abort', onAbort, { once: true });
  });
  const ended = endOf(runtime, first, { timeoutMs: waitMs, look, lend: () => undefined });
  // After an abort nobody hears it.
  ended.catch(() => undefined);
  try {
    return await Promise.race([ended, aborted]);
  } catch (error) {
    if (error instanceof HeddleError && error.code === 'run-not-finished') return last;
    throw error;
  } finally {
    closing.removeEventListener('abort', onAbort);
  }
}
