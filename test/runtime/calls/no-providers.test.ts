/** Replicas without providers: their calls wait and say so, and go on with the first that has some. */
import { expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import type { Json } from '../../../src/domain/json.ts';
import { memoryWorld } from '../../support/replica.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';
import type { ScriptStep } from '../../support/script-agent.ts';

const ask = (more: Record<string, Json> = {}): ScriptStep => {
  return { do: 'generate', with: { prompt: 'why?', ...more } };
};
const answering = () => scriptedProvider({ onCall: ({ answer }) => answer('because') });

it.each<[string, Record<string, Json>]>([
  ['anything', {}],
  ['a provider', { provider: 'scripted' }],
  ['a list of providers', { providers: ['scripted'] }],
  ['a model', { model: 'model-a' }],
  ['a tier', { tier: 'small' }],
  ['a conversation', { conversation: 'main' }],
])(
  'a call for %s waits as stalled, and a restart with providers makes it once',
  async (_, more) => {
    const world = memoryWorld();
    const without = await world.replica({ providers: [] });
    const run = await without.heddle.start('script', { input: { steps: [ask(more)] } });
    await world.clock.advance(600_000);
    const row = await run.row();
    expect(row?.status).toBe('stalled');
    expect(row?.reason).toMatch(/this replica has no providers: give createHeddle `providers`/);
    expect(JSON.stringify(await run.waitsFor())).toContain('has no providers');
    await without.heddle.close();
    const provider = { ...answering(), models: ['model-a'], tiers: { small: 'model-a' } };
    const { heddle } = await world.replica({ providers: [provider] });
    await world.clock.idle();
    expect(await (await heddle.run(run.id)).output()).toMatchObject([
      { done: { text: 'because' } },
    ]);
    expect(provider.calls).toHaveLength(1);
    expect(await world.store.providerTotals()).toMatchObject([{ calls: 1, duplicates: 0 }]);
  },
);

it('another replica goes on when it takes the shards of one that was killed', async () => {
  const world = memoryWorld();
  const without = await world.replica({ providers: [] });
  const starts = Array.from({ length: 20 }, () => ({ agent: 'script', input: { steps: [ask()] } }));
  const runs = await without.heddle.startAll(starts);
  await world.clock.advance(5_000);
  expect(new Set(await Promise.all(runs.map((run) => run.status())))).toEqual(new Set(['stalled']));
  const provider = answering();
  const beside = await world.replica({ providers: [provider] });
  await world.clock.advance(5_000);
  without.crash();
  await world.clock.advance(60_000);
  for (const { id } of runs) expect(await (await beside.heddle.run(id)).status()).toBe('completed');
  expect(provider.calls).toHaveLength(20);
  expect((await world.store.audit(oneTenant('default'))).slotsInUse).toBe(0);
});

it('a call that was under way before waits there too, and is counted when it is made again', async () => {
  const world = memoryWorld();
  const silent = scriptedProvider();
  const before = await world.replica({ providers: [silent] });
  const run = await before.heddle.start('script', { input: { steps: [ask()] } });
  await world.clock.idle();
  expect(silent.calls).toHaveLength(1);
  before.crash();
  const without = await world.replica({ providers: [] });
  await world.clock.advance(60_000);
  expect(await (await without.heddle.run(run.id)).status()).toBe('stalled');
  without.crash();
  const after = await world.replica({ providers: [answering()] });
  await world.clock.advance(60_000);
  expect(await (await after.heddle.run(run.id)).status()).toBe('completed');
  expect(await world.store.providerTotals()).toMatchObject([{ calls: 2, duplicates: 1 }]);
});

it('can be cancelled, paused and resumed, and ends by its own limit', async () => {
  const world = memoryWorld();
  const { heddle } = await world.replica({ providers: [] });
  const start = (step: ScriptStep) => heddle.start('script', { input: { steps: [step] } });
  const [cancelled, paused, limited] = [
    await start(ask()),
    await start(ask()),
    await start(ask({ timeoutMs: 30_000 })),
  ];
  await world.clock.advance(1_000);
  await cancelled.cancel('enough');
  await paused.pause('later');
  await world.clock.advance(1_000);
  expect(await cancelled.status()).toBe('cancelled');
  expect(await paused.status()).toBe('paused');
  await paused.resume();
  await world.clock.advance(1_000);
  expect(await paused.row()).toMatchObject({
    status: 'stalled',
    reason: expect.stringContaining('no providers'),
  });
  await world.clock.advance(30_000);
  expect(await limited.output()).toMatchObject([{ failed: { code: 'invocation-timeout' } }]);
});

it('a run that does something else beside shows what it does, and its other steps go on', async () => {
  const world = memoryWorld();
  const { heddle } = await world.replica({ providers: [] });
  const run = await heddle.start('script', {
    input: { steps: [{ do: 'sleep', ms: 5_000 }, ask()] },
  });
  await world.clock.advance(1_000);
  expect(await run.status()).toBe('waiting-on-timer');
  await world.clock.advance(10_000);
  expect(await run.status()).toBe('stalled');
});
