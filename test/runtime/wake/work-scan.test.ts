/** What an idle replica asks of the store, and what one event costs: hints add nothing that stays. */
import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/store/port.ts';
import { memoryWorld, oneReplica } from '../../support/replica.ts';
import type { ScriptStep } from '../../support/script-agent.ts';

const wait: ScriptStep = { do: 'wait' };
const allShards = Array.from({ length: 32 }, (_, shard) => shard);

/** The calls of a store, in order, by name; heartbeats and looks among them. */
function countedCalls() {
  const calls: string[] = [];
  const between = (store: Store): Store => {
    const counted = Object.entries(store).map(([name, method]: [string, unknown]) => {
      if (typeof method !== 'function') return [name, method];
      return [
        name,
        (...args: readonly unknown[]): unknown => {
          calls.push(name);
          return Reflect.apply(method, store, args);
        },
      ];
    });
    return Object.fromEntries(counted) as Store;
  };
  return { calls, between };
}

describe('an idle replica', () => {
  it('looks no more often after many hints than before', async () => {
    const { calls, between } = countedCalls();
    const { clock, store } = await oneReplica({ between });
    const callsOfMinutes = async (): Promise<number> => {
      calls.length = 0;
      await clock.advance(300_000);
      return calls.length;
    };
    const before = await callsOfMinutes();
    for (let i = 0; i < 200; i++) {
      await store.notify([{ kind: 'work', shards: allShards }]);
      await clock.advance(i % 3);
    }
    const after = await callsOfMinutes();
    expect(before).toBeGreaterThan(100);
    expect(after).toBeGreaterThan(before / 1.1);
    expect(after).toBeLessThan(before * 1.1);
  });

  it('finds by looking what no hint told it of', async () => {
    const world = memoryWorld();
    const silent = (store: Store): Store => ({ ...store, notify: () => Promise.resolve() });
    const a = await world.replica({ between: silent });
    await world.replica({ between: silent });
    await world.clock.advance(10_000);
    const runs = await a.heddle.startAll(
      Array.from({ length: 40 }, (_, i) => ({
        agent: 'script',
        pipeline: `p${i}`,
        input: { steps: [wait, { do: 'receive', with: { channel: 'news' } }] },
      })),
    );
    await world.clock.advance(5_000);
    await Promise.all(runs.map((run) => run.send({ type: 'go' })));
    await world.clock.advance(5_000);
    await a.heddle.publish('news', 1);
    await world.clock.advance(5_000);
    for (const run of runs) expect(await run.status()).toBe('completed');
  });
});

describe('one event to a run that waits', () => {
  it('costs a commit that takes it in, one read and one commit of its turn', async () => {
    const { calls, between } = countedCalls();
    const { clock, heddle } = await oneReplica({ between });
    const run = await heddle.start('script', { input: { steps: [wait, wait] } });
    await clock.idle();
    calls.length = 0;
    await run.send({ type: 'go' });
    await clock.idle();
    expect(calls).toEqual(['commit', 'load', 'commit']);
  });
});
