/** Two heddles on one Postgres: each works on what the other started, and takes over when it goes. */
import { afterEach, describe, expect, it } from 'vitest';
import { oneTenant } from '../../src/access/scopes.ts';
import type { Heddle, HeddleOptions, Json } from '../../src/index.ts';
import { eventually, openHeddle } from '../support/heddle.ts';
import { testDatabase } from '../support/postgres.ts';
import type { ScriptStep } from '../support/script-agent.ts';
import { scriptedProvider } from '../support/scripted-provider.ts';

const url = await testDatabase();
const open: Heddle[] = [];
async function replica(options: HeddleOptions = {}): Promise<Heddle> {
  const { heddle } = await openHeddle(url, options);
  open.push(heddle);
  return heddle;
}
afterEach(async () => {
  for (const heddle of open.splice(0)) await heddle.close();
});

const pipelines = Array.from({ length: 40 }, (_, i) => `p${i}`);
const startAt = (heddle: Heddle, tenant: string, steps: readonly ScriptStep[]) =>
  heddle.startAll(
    pipelines.map((pipeline) => ({
      agent: 'script',
      tenant,
      pipeline,
      input: { steps } as unknown as Json,
    })),
  );

/** Two replicas that have shared the shards. */
async function pair(options: HeddleOptions = {}): Promise<[Heddle, Heddle]> {
  const a = await replica(options);
  const b = await replica(options);
  await eventually(async () => {
    const { surplus, liveReplicas } = await a.runtime.store.renew({
      replicaId: a.runtime.replicaId,
      leaseMs: 1_000,
    });
    expect([surplus.length, liveReplicas]).toEqual([0, 2]);
  });
  return [a, b];
}

describe('two replicas', () => {
  it('both make calls for runs that one of them was given', async () => {
    const providers = [0, 1].map(() => scriptedProvider({ onCall: (call) => call.answer('x') }));
    const a = await replica({ providers: providers.slice(0, 1) });
    await replica({ providers: providers.slice(1) });
    const ask: ScriptStep = { do: 'generate', with: { prompt: 'why?' } };
    await eventually(async () => {
      const runs = await startAt(a, 'calls', [ask]);
      for (const run of runs) await run.output({ timeoutMs: 5_000 });
      for (const { calls } of providers) expect(calls.length).toBeGreaterThan(5);
    });
    expect((await a.runtime.store.audit(oneTenant('calls'))).slotsInUse).toBe(0);
  });

  it('hear of events and messages at once, whoever owns the run', async () => {
    const [a, b] = await pair();
    const steps: ScriptStep[] = [{ do: 'wait' }, { do: 'receive', with: { channel: 'go' } }];
    const runs = await startAt(a, 'wakes', steps);
    await Promise.all(
      runs.map(async ({ id }) => (await b.run(id, { tenant: 'wakes' })).send({ type: 'go' })),
    );
    await b.publish('go', 1, { tenant: 'wakes' });
    const outputs = await Promise.all(runs.map((run) => run.output({ timeoutMs: 5_000 })));
    expect(outputs).toHaveLength(pipelines.length);
    expect((await a.runtime.store.audit(oneTenant('wakes'))).doubledMessages).toBe(0);
  });

  it('one closes, and the other goes on with all of it', async () => {
    const provider = scriptedProvider({ ceiling: 100 });
    const [a, b] = await pair({ providers: [provider] });
    const store = a.runtime.store;
    // A shard that moved during an earlier test may have had a call made again.
    const duplicatesNow = async (): Promise<number> =>
      (await store.providerTotals()).reduce((sum, { duplicates }) => sum + duplicates, 0);
    const before = await duplicatesNow();
    const runs = await startAt(a, 'closing', [{ do: 'generate', with: { prompt: 'why?' } }]);
    await eventually(async () => expect(provider.calls).toHaveLength(pipelines.length));
    await b.close();
    open.splice(open.indexOf(b), 1);
    // What b had under way was aborted, and a makes it again.
    await eventually(async () => {
      const live = provider.calls.filter(({ signal }) => !signal.aborted);
      expect(live).toHaveLength(pipelines.length);
    });
    for (const call of provider.calls) call.answer('x');
    for (const run of runs) await run.output({ timeoutMs: 10_000 });
    await eventually(async () =>
      expect((await store.audit(oneTenant('closing'))).slotsInUse).toBe(0),
    );
    expect((await duplicatesNow()) - before).toBe(provider.calls.length - pipelines.length);
  });
});

describe('a restart', () => {
  it('takes up timers, waits, delayed messages and calls where they were', async () => {
    const provider = scriptedProvider({ ceiling: 100 });
    const first = await replica({ providers: [provider] });
    const plans: ScriptStep[][] = [
      [{ do: 'sleep', ms: 400 }],
      [{ do: 'receive', with: { channel: 'later' } }],
      [{ do: 'receive', with: { channel: 'nothing', timeoutMs: 400 } }],
      [{ do: 'generate', with: { prompt: 'why?' } }],
      [{ do: 'wait' }],
    ];
    const runs = await first.startAll(
      plans.map((steps) => ({
        agent: 'script',
        tenant: 'again',
        input: { steps } as unknown as Json,
      })),
    );
    await first.publish('later', 'x', { tenant: 'again', delayMs: 400 });
    await runs[4]?.send({ type: 'go' });
    await first.close();
    open.splice(0);
    const second = await replica({ providers: [provider] });
    await eventually(async () => expect(provider.calls.at(-1)?.signal.aborted).toBe(false));
    provider.last().answer('x');
    const outputs = await Promise.all(
      runs.map(async ({ id }) =>
        (await second.run(id, { tenant: 'again' })).output({ timeoutMs: 8_000 }),
      ),
    );
    expect(outputs).toMatchObject([
      [{ done: null }],
      [{ done: { messages: [{ payload: 'x' }] } }],
      [{ failed: { code: 'invocation-timeout' } }],
      [{ done: { text: 'x' } }],
      [{ done: { type: 'go' } }],
    ]);
  });
});
