/** Waits for the end of a run, wherever the run lives and even while the database is away; its error as it was thrown. */
import {
  errorRegistry,
  HeddleError,
  heddleError,
  type ErrorCode,
  type ErrorRecord,
} from '../domain/errors.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { endsWithin } from '../runtime/host/within.ts';
import type { RunAddress, RunRow } from '../store/rows.ts';

/**
 * How long to wait before the run's row is read again, in ms. A caller that has waited as long as
 * `hinted` asks the run's owner for a hint. Reading the row again finds the end if a hint is lost.
 */
const lookAgainMs = { first: 20, hinted: 80, last: 5_000, away: 1_000 } as const;

/** The errors of a database that is away for a while. */
const awayCodes: ReadonlySet<ErrorCode> = new Set(['store-unavailable', 'store-error']);
/** A read of the row may take this long even after the deadline: it may be the only read. */
const lookMsMax = 5_000;

export type EndWait = {
  /** Null: waits without a limit. */
  readonly timeoutMs: number | null;
  readonly look: () => Promise<RunRow>;
  /** Called when the wait begins, so that a waiting task lends its permit. */
  readonly lend: () => void;
};

/**
 * The row of the run when it has ended. If the run lives here, a watcher tells of its end at once; if it
 * lives elsewhere, a hint does. Reading the row finds the end even if those are lost. Throws
 * `run-not-finished` after `timeoutMs`.
 */
export async function endOf(runtime: Runtime, run: RunAddress, wait: EndWait): Promise<RunRow> {
  const { timeoutMs, lend } = wait;
  const { clock, runEvents } = runtime;
  const deadlineMs = timeoutMs === null ? Number.POSITIVE_INFINITY : clock.nowMs() + timeoutMs;
  let heard = false;
  let wake = (): void => undefined;
  const onEnd = (): void => {
    heard = true;
    wake();
  };
  const unwatch = runEvents.run(run.runId, ({ ended }) => (ended ? onEnd() : undefined));
  let unhint: (() => void) | null = null;
  try {
    for (let waitMs: number = lookAgainMs.first; ; waitMs = nextWaitMs(waitMs)) {
      const row = await seen(runtime, wait, deadlineMs);
      if (row !== null && row.endedAtMs !== null) return row;
      const leftMs = deadlineMs - clock.nowMs();
      if (leftMs <= 0) {
        throw heddleError('run-not-finished', { runId: run.runId, timeoutMs: timeoutMs ?? 0 });
      }
      if (heard && row !== null) {
        heard = false;
        continue;
      }
      lend();
      if (waitMs >= lookAgainMs.hinted) unhint ??= runtime.awaitEnd(run, onEnd);
      const mostMs = row === null ? Math.min(waitMs, lookAgainMs.away) : waitMs;
      await new Promise<void>((resolve) => {
        const cancel = clock.setTimer(Math.min(mostMs, leftMs), resolve);
        wake = () => {
          cancel();
          resolve();
        };
      });
    }
  } finally {
    unwatch();
    unhint?.();
  }
}

/** The row. Null while the database is away, and when it has not answered by the deadline. */
async function seen(
  { clock }: Runtime,
  { look }: EndWait,
  deadlineMs: number,
): Promise<RunRow | null> {
  const looked = look().catch((error: unknown) => {
    if (error instanceof HeddleError && awayCodes.has(error.code)) return null;
    throw error;
  });
  const waitMs = Math.max(deadlineMs - clock.nowMs(), lookMsMax);
  if (waitMs === Number.POSITIVE_INFINITY) return looked;
  return (await endsWithin(clock, looked, waitMs)) ? looked : null;
}

function nextWaitMs(waitMs: number): number {
  return Math.min(waitMs * 2, lookAgainMs.last);
}

/** A stored error as the error object that was thrown. */
export function asError(record: ErrorRecord): Error {
  // An author's error may have a code of heddle's, but then it has no details.
  if (record.detail !== undefined && Object.hasOwn(errorRegistry, record.code)) {
    return new HeddleError(record.code as ErrorCode, record.detail);
  }
  return Object.assign(new Error(record.message), { code: record.code });
}
