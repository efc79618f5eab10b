/**
 * SIGINT and SIGTERM: the first asks to close in good order, the second ends the process at once.
 * What was accepted is durable either way.
 */
import { exitCodes } from './exit-codes.ts';

const signals = ['SIGINT', 'SIGTERM'] as const;

/** Aborted by the first signal; `work`'s result is waited for all the same. */
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
