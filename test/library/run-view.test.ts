import { expect, it } from 'vitest';
import { runView } from '../../src/library/run-view.ts';
import { oneReplica } from '../support/replica.ts';

it('shows state, context, open invocations with what they wait for, and timers that are set', async () => {
  const { heddle, clock } = await oneReplica();
  const steps = [{ do: 'receive', with: { channel: 'news', timeoutMs: 60_000 } }];
  const run = await heddle.start('script', { input: { steps } });
  await clock.idle();
  const view = runView(await run.row());
  expect(view?.open).toMatchObject([{ src: 'receive', channels: ['news'] }]);
  expect(view?.state).toBeDefined();
  expect(view?.context).toMatchObject({ steps });
});
