/** Lost replies: whatever becomes of the connection, a batch is committed once and its outcome told. */
import { afterAll, expect, it } from 'vitest';
import { openPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { testDatabase } from '../../support/postgres.ts';
import { Bench, memory, message, newRun, tenant, turnOf, waiting } from '../contract/fixture.ts';
import { CuttingProxy, type Cut } from './cutting-proxy.ts';

const url = await testDatabase();
const proxy = await CuttingProxy.before(url);
const store = await openPostgresStore({ connection: proxy.connection });
const nothing = async () => undefined;
const bench = new Bench({ store, advance: nothing, crash: nothing, endSessions: nothing }, 1);
await bench.renew();
afterAll(async () => {
  await store.close();
  await proxy.close();
});

let count = 0;

it.each<Cut>(['request', 'handed', 'reply'])('promise 5: %s lost, committed once', async (cut) => {
  const before = await store.audit(tenant);
  const times = 20;
  for (let n = 0; n < times; n++) {
    const run = newRun(++count);
    // The connection that this commit uses is the one that the next will use.
    await bench.commit({ arrivals: { starts: [run] } });
    proxy.cutNext(cut);
    const [row] = [
      await bench.commit({
        turns: [
          turnOf(run, 0, {
            messages: [message(`c${count}`, `m${count}`)],
            memory: [memory(`k${count}`, 1)],
            subscribe: [waiting(`s${count}`, [{ channel: `c${count}` }])],
          }),
        ],
        arrivals: { messages: [message('all', `all${count}`)], memory: [memory(`k${count}`, 5)] },
      }),
    ];
    expect(row.turns).toEqual([{ kind: 'committed' }]);
    expect(row.messages).toEqual([{ kind: 'accepted' }]);
    expect(row.memory[0]?.kind).toBe('refused');
    expect((await bench.load(run)).run.turn).toBe(1);
    expect(await bench.wokenFor(run)).toEqual([`s${count}`]);
  }
  expect(proxy.cuts).toBe(count);
  const after = await store.audit(tenant);
  expect(after.messages - before.messages).toBe(2 * times);
  expect(after.memoryVersions - before.memoryVersions).toBe(times);
  expect(after).toMatchObject({ channelGaps: 0, memoryGaps: 0, journalGaps: 0 });
});

it('promise 5: what a lost commit left out stays left out', async () => {
  const [ahead, behind] = [newRun(++count), newRun(++count)];
  const first = newRun(++count, { idempotencyKey: 'first' });
  await bench.commit({ arrivals: { starts: [ahead, behind, first] } });
  const batch = bench.batch({
    turns: [turnOf(ahead, 0), turnOf(behind, 3)],
    arrivals: { starts: [newRun(++count), newRun(++count, { idempotencyKey: 'first' })] },
  });
  const outcome = await store.commit(batch);
  expect(outcome.turns).toEqual([{ kind: 'committed' }, { kind: 'stale' }]);
  expect(outcome.starts.map((start) => start.kind)).toEqual(['accepted', 'existing']);
  await bench.turns(turnOf(ahead, 1));
  // Sent again, as after a lost reply: the stored fates answer, not what the rows say by now.
  expect(await store.commit(batch)).toEqual({ ...outcome, wakes: [] });
  expect((await bench.load(ahead)).run.turn).toBe(2);
});
