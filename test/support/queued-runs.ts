/** Runs that are accepted as queued rows and wait to begin: a start with a key never begins at once. */
import type { Heddle, Run } from '../../src/index.ts';

export function startQueued(
  heddle: Heddle,
  count: number,
  options: Parameters<Heddle['start']>[1] = {},
): Promise<Run[]> {
  return Promise.all(
    Array.from({ length: count }, (_, i) =>
      heddle.start('script', {
        input: { steps: [] },
        ...options,
        idempotencyKey: `queued-${options.tenant ?? ''}-${i}`,
      }),
    ),
  );
}
