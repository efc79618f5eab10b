/** Lost replies: whatever becomes of the connection, a batch is committed once and its outcome told. */
import { afterAll, describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { heddleError, type HeddleError } from '../../../src/domain/errors.ts';
import type { Batch } from '../../../src/store/batch.ts';
import { openPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { testDatabase } from '../../support/postgres.ts';
import {
  Bench,
  event,
  memory,
  message,
  newRun,
  slot,
  tenant,
  turnOf,
  waiting,
} from '../contract/fixture.ts';
import { withClient } from './database.ts';
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
  const before = await store.audit(oneTenant(tenant));
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
  const after = await store.audit(oneTenant(tenant));
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
  const outcome = await bench.send(batch);
  expect(outcome.turns).toEqual([{ kind: 'committed' }, { kind: 'stale' }]);
  expect(outcome.starts.map((start) => start.kind)).toEqual(['accepted', 'existing']);
  await bench.turns(turnOf(ahead, 1));
  // Sent again, as after a lost reply: the stored fates answer, not what the rows say by now.
  expect(await bench.send(batch)).toEqual({ ...outcome, wakes: [] });
  expect((await bench.load(ahead)).run.turn).toBe(2);
});

describe('what a commit keeps of the parts that it left out', () => {
  /** A batch of which each kind of part has one that is left out, or written in another way. */
  async function leavingOut(): Promise<{ readonly batch: Batch; readonly lists: OldLists }> {
    const [fits, behind] = [newRun(++count, { shard: 1 }), newRun(++count, { shard: 1 })];
    const lost = newRun(++count, { shard: 3 });
    const key = `kept${count}`;
    await bench.commit({ arrivals: { starts: [fits, behind, lost], memory: [memory(key, 1)] } });
    const nul = '"nul \u0000"';
    const { runId, shard } = lost;
    const held = { tenant, runId, shard, invocationId: 'g', incarnation: 1, attempt: 1 };
    const batch = bench.batch({
      epochs: new Map([...bench.epochs].filter(([one]) => one !== shard)),
      turns: [turnOf(fits, 0), turnOf(behind, 3)],
      statusChanges: [{ ...lost, expectedTurn: 0, status: 'stalled', reason: null }],
      results: [fits, behind].map((run, n) => ({ ...run, key: 'r', payloadText: n ? nul : '1' })),
      slots: [slot(count), slot(count + 1, { status: 'calling', call: held, calls: 1 })],
      charges: {
        reserved: [],
        settled: [{ tenant, runId, shard, user: 'ann', call: 'g:1', spent: null }],
        defaults: {},
      },
      arrivals: {
        starts: [{ ...newRun(++count), inputText: nul }, newRun(++count)],
        inbox: [event(fits, 'a'), { ...event(fits, 'b'), payloadText: nul }],
        messages: [
          message('kept', `m${count}`),
          message('kept', `n${count}`, { payloadText: nul }),
        ],
        memory: [memory(key, 1), memory(key, 1, { onAny: true })],
      },
    });
    const reason = 'invalid byte sequence for encoding "UTF8": 0x00';
    const refused = (error: HeddleError) => ({ kind: 'refused', error: error.toJSON() });
    const poisoned = refused(heddleError('store-poison', { reason }));
    const fenced = { kind: 'fenced' };
    const conflict = heddleError('memory-conflict', { key, actual: 1, expected: 0 });
    const lists = {
      turns: [null, { kind: 'stale' }],
      statusChanges: [fenced],
      results: [null, { kind: 'poison', reason }],
      slots: [null, fenced],
      settled: [fenced],
      starts: [poisoned, null],
      inbox: [null, poisoned],
      messages: [null, poisoned],
      memory: [refused(conflict), null],
      renumbered: [null, 2],
    };
    return { batch, lists };
  }
  type OldLists = Readonly<Record<string, readonly unknown[]>>;

  it('promise 5: is told to who sends it again', async () => {
    const { batch, lists } = await leavingOut();
    const { wakes: _, ...told } = await bench.send(batch);
    const { renumbered: __, ...old } = lists;
    const written = { ...old, memory: [lists['memory']![0], { kind: 'renumbered', version: 2 }] };
    const parts = { committed: { kind: 'committed' }, accepted: { kind: 'accepted' } };
    expect(told).toEqual(
      Object.fromEntries(
        Object.entries(written).map(([kind, fates]) => [
          kind,
          fates.map((fate) => fate ?? (kind in batch.arrivals ? parts.accepted : parts.committed)),
        ]),
      ),
    );
    expect(await bench.send(batch)).toEqual({ ...told, wakes: [] });
  });

  it('promise 5: is understood as heddle 0.1.0 has kept it, in lists by index', async () => {
    const { batch, lists } = await leavingOut();
    const told = await bench.send(batch);
    await withClient(url, (client) =>
      client.query('update heddle.commits set refused = $1 where commit_id = $2', [
        JSON.stringify(lists),
        batch.commitId,
      ]),
    );
    expect(await bench.send(batch)).toEqual({ ...told, wakes: [] });
  });
});
