/** `run.output()` waits while the database is away, bounded by its own `timeoutMs` alone. */
import { expect, it } from 'vitest';
import { oneReplica } from '../support/replica.ts';
import { heddleError } from '../../src/domain/errors.ts';
import type { Store } from '../../src/store/port.ts';

function away() {
  let reads: 'answered' | 'refused' | 'silent' = 'answered';
  const between = (store: Store): Store => ({
    ...store,
    run: (scope, runId) => {
      if (reads === 'silent') return new Promise(() => undefined);
      if (reads === 'answered') return store.run(scope, runId);
      return Promise.reject(heddleError('store-unavailable', { reason: 'on order' }));
    },
  });
  return { between, become: (now: typeof reads) => (reads = now) };
}

it('goes on when the database is back, however long it was away', async () => {
  const { between, become } = away();
  const { heddle, clock } = await oneReplica({ between });
  const run = await heddle.start('script', { input: { steps: [] } });
  await clock.idle();
  become('refused');
  const output = run.output();
  await clock.advance(600_000);
  become('answered');
  await clock.advance(2_000);
  expect(await output).toEqual([]);
});

it.each(['refused', 'silent'] as const)('keeps its own time where it is %s', async (reads) => {
  const { between, become } = away();
  const { heddle, clock } = await oneReplica({ between });
  const run = await heddle.start('script', { input: { steps: [{ do: 'wait' }] } });
  await clock.idle();
  become(reads);
  const output = expect(run.output({ timeoutMs: 8_000 })).rejects.toMatchObject({
    code: 'run-not-finished',
  });
  await clock.advance(20_000);
  await output;
});
