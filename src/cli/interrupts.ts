/**
 * SIGINT and SIGTERM: the first signal asks to close in good order, the second ends the process at
 * once. Accepted work is durable in both cases.
 */
import { exitCodes } from './exit-codes.ts';

const signals = ['SIGINT', 'SIGTERM'] as const;

/**
 * The first signal aborts the signal that `work` gets; the result of `work` is waited for in any
 * case.
 */
export async function untilInterrupted<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const abort = new AbortController();
  const interrupt = (): void => {
    if (abort.signal.aborted) process.exit(exitCodes.failed);
    abort.abort();
  };
  for (const signal of signals) process.on(signal, interrupt);
  try {
    return await work(abort.signal);
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
  }
}
