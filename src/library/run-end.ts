/** Waiting for the end of a run, wherever it lives and whatever the database does meanwhile. */
import { HeddleError, heddleError, type ErrorCode } from '../domain/errors.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { endsWithin } from '../runtime/host/within.ts';
import type { RunAddress, RunRow } from '../store/rows.ts';

/**
 * How often a row is looked at while its run is waited for. Whoever waits as long as `hinted` asks to be
 * told by the run's owner; looking is for hints that are lost.
 */
const lookAgainMs = { first: 20, hinted: 80, last: 5_000, away: 1_000 } as const;

/** What a database says that is away for a while. */
const awayCodes: ReadonlySet<ErrorCode> = new Set(['store-unavailable', 'store-error']);
/** A look has so long, also where the time is over: it may be the only one. */
const lookMsMax = 5_000;

export type EndWait = {
  /** Null: as long as it takes. */
  readonly timeoutMs: number | null;
  readonly look: () => Promise<RunRow>;
  /** Called when it begins to wait. */
  readonly lend: () => void;
};

/**
 * The row of the run when it has ended. The watch makes it quick where the run lives here, and a hint
 * elsewhere; looking makes it sure. Throws `run-not-finished` after `timeoutMs`.
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

/** The row; null while the database is away, and when it has not answered by the deadline. */
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
