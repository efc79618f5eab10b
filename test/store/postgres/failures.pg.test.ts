/** What Postgres does to a commit that is under way, and what the store makes of it. */
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import pg from 'pg';
import { oneTenant } from '../../../src/access/scopes.ts';
import { openPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import type { Hint } from '../../../src/store/port.ts';
import { testDatabase } from '../../support/postgres.ts';
import { open } from '../../support/stock.ts';
import {
  Bench,
  event,
  memory,
  message,
  tenant,
  turnOf,
  type BatchParts,
} from '../contract/fixture.ts';
import { someoneWaits, terminate, withClient } from './database.ts';

const url = await testDatabase();
const store = await openPostgresStore({
  connectionString: url,
  lockMsMax: 1_500,
  statementMsMax: 3_000,
});
const nothing = async () => undefined;
const bench = new Bench({ store, advance: nothing, crash: nothing, endSessions: nothing }, 1);
await bench.renew();
const outsider = new pg.Client({ connectionString: url });
await outsider.connect();
afterEach(() => outsider.query('rollback'));
afterAll(async () => {
  await outsider.end();
  await store.close();
});

let count = 0;
async function startedRuns(many: number) {
  return Promise.all(Array.from({ length: many }, () => bench.started(++count)));
}

it('promise 1: poison is found among its neighbours, and they are committed', async () => {
  const runs = await startedRuns(20);
  // An index row of Postgres holds 2,704 bytes, and these three names 2,997.
  const long = (from: number) =>
    String.fromCharCode(
      ...Array.from({ length: 333 }, (_, n) => 0x4e00 + ((n * n * 7_919 + from) % 20_000)),
    );
  const tooLong = { ...memory(long(1), 1), owner: long(2), scope: long(3) };
  const turns = runs.map((run, index) => {
    const parts = { messages: [message(`p${run.runId}`, `m${index}`)] };
    if (index === 7) return turnOf(run, 1, { ...parts, chartText: '"a\u0000b"' });
    if (index === 13) return turnOf(run, 1, { ...parts, memory: [tooLong] });
    return turnOf(run, index === 4 ? 9 : 1, parts);
  });
  const outcome = await bench.commit({
    turns,
    arrivals: { inbox: [event(runs[0]!, 'ok'), event(runs[0]!, 'b\u0000d')] },
  });
  const kinds = outcome.turns.map((turn) => turn.kind);
  expect(kinds.flatMap((kind, index) => (kind === 'poison' ? [index] : []))).toEqual([7, 13]);
  expect(kinds[4]).toBe('stale');
  expect(kinds.filter((kind) => kind === 'committed')).toHaveLength(17);
  expect(outcome.inbox.map((row) => row.kind)).toEqual(['accepted', 'refused']);
  expect((await bench.load(runs[7]!)).run.turn).toBe(1);
  expect(await bench.numbers(`p${runs[7]!.runId}`)).toEqual([]);
  expect(await bench.numbers(`p${runs[8]!.runId}`)).toEqual([1]);
});

it('what only its slots make impossible is refused as a whole', async () => {
  const slot = {
    provider: 'p\u0000',
    replicaId: bench.replicaId,
    slot: 1,
    sealed: 0,
    status: 'idle',
    call: null,
    calls: 0,
    duplicates: 0,
    rateLimited: 0,
  } as const;
  await expect(bench.commit({ slots: [slot] })).rejects.toMatchObject({ code: 'store-poison' });
});

it('a deadlock is run again', async () => {
  const [first, second] = (await startedRuns(2)).sort((a, b) => (a.runId < b.runId ? -1 : 1));
  await outsider.query('begin');
  await outsider.query('select from heddle.runs where run_id = $1 for update', [second!.runId]);
  const committing = bench.commit({ turns: [turnOf(first!, 1), turnOf(second!, 1)] });
  await withClient(url, someoneWaits);
  // Whoever has waited a second is chosen to give way: the commit, which was first.
  await outsider.query('set lock_timeout = 0');
  await outsider.query('select from heddle.runs where run_id = $1 for update', [first!.runId]);
  await outsider.query('rollback');
  expect((await committing).turns).toEqual([{ kind: 'committed' }, { kind: 'committed' }]);
});

it('promise 5: a connection that is ended under a commit ends no process and loses nothing', async () => {
  const [run] = await startedRuns(1);
  await outsider.query('begin');
  await outsider.query('select from heddle.runs where run_id = $1 for update', [run!.runId]);
  const committing = bench.commit({
    turns: [turnOf(run!, 1, { messages: [message('once', 'm')] })],
  });
  await withClient(url, async (client) => {
    await someoneWaits(client);
    await client.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`);
  });
  await outsider.query('rollback');
  expect((await committing).turns).toEqual([{ kind: 'committed' }]);
  expect(await bench.numbers('once')).toEqual([1]);
});

it('idle connections that are ended are made anew', async () => {
  await bench.renew();
  await withClient(url, (client) => terminate(client, '%heddle.%'));
  const [run] = await startedRuns(1);
  expect((await bench.renew()).shards).toHaveLength(32);
  expect((await bench.load(run!)).run.turn).toBe(1);
});

it('a lock that is not given up ends the commit with its words, and nothing is left behind', async () => {
  const [run] = await startedRuns(1);
  await outsider.query('begin');
  await outsider.query('select from heddle.runs where run_id = $1 for update', [run!.runId]);
  const parts: BatchParts = { turns: [turnOf(run!, 1)] };
  await expect(bench.commit(parts)).rejects.toMatchObject({
    code: 'store-error',
    detail: { reason: 'canceling statement due to lock timeout', sqlstate: '55P03' },
    retryable: true,
  });
  await outsider.query('rollback');
  expect((await bench.load(run!)).run.turn).toBe(1);
  await bench.turns(turnOf(run!, 1));
}, 30_000);

it('promise 6: a takeover passes by a shard whose commit is under way, and fences it after', async () => {
  const run = await bench.started(++count);
  const other = new Bench({ store, advance: nothing, crash: nothing, endSessions: nothing }, 2);
  await outsider.query('begin');
  await outsider.query('select from heddle.shards where shard = $1 for share', [run.shard]);
  await withClient(url, (client) => client.query('delete from heddle.replicas'));
  const first = await other.renew();
  expect(first.shards).toHaveLength(31);
  expect(other.epochs.has(run.shard)).toBe(false);
  // The old owner's commit, that was there first, may still end.
  await bench.turns(turnOf(run, 1));
  await outsider.query('rollback');
  expect((await other.renew()).shards).toHaveLength(32);
  const outcome = await bench.commit({ turns: [turnOf(run, 2)] });
  expect(outcome.turns).toEqual([{ kind: 'fenced' }]);
  await other.turns(turnOf(run, 2));
  await store.release({
    replicaId: other.replicaId,
    shards: [...other.epochs.keys()],
    retire: true,
  });
  await bench.renew();
});

it('promise 5: a row that was numbered early and commits late is found, and taken, all the same', async () => {
  const [run] = await startedRuns(1);
  const { runId, shard } = run!;
  await outsider.query('begin');
  await outsider.query(
    `insert into heddle.inbox (tenant, run_id, shard, key, kind, payload)
      values ($1, $2, $3, '#early', 'event', '{"type":"early"}')`,
    [tenant, runId, shard],
  );
  await bench.commit({ arrivals: { inbox: [event(run!, 'late')] } });
  const late = await bench.inbox(run!);
  expect(late.map(({ payloadText }) => payloadText)).toEqual(['{"type":"late"}']);
  await bench.turns(turnOf(run!, 1, { takenInbox: late.map(({ seq }) => seq) }));
  await outsider.query('commit');
  const [early, ...more] = await bench.inbox(run!);
  expect([early?.payloadText, more]).toEqual(['{"type":"early"}', []]);
  expect(Number(early?.seq)).toBeLessThan(Number(late[0]?.seq));
  const pending = await store.pending({ shards: [shard], afterSeq: null, limit: 99 });
  expect(pending.runs.map((waiting) => waiting.runId)).toContain(runId);
});

it('promise 2: sixteen writers, some of whose transactions roll back, leave no gap', async () => {
  const writers = 16;
  const each = 25;
  let done = false;
  const writing = Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      for (let n = 0; n < each; n++) {
        // A version that does not follow ends the first transaction, after its messages.
        const wrong = n % 5 === 0 ? [memory(`w${writer}`, 7)] : [];
        const inserts = [message('busy', `${writer}-${n}`), message('quiet', `${writer}-${n}`)];
        const outcome = await bench.commit({
          arrivals: { messages: writer % 2 === 0 ? inserts : inserts.reverse(), memory: wrong },
        });
        expect(outcome.messages.map((one) => one.kind)).toEqual(['accepted', 'accepted']);
        expect(outcome.memory.every((one) => one.kind === 'refused')).toBe(true);
      }
    }),
  ).then(() => (done = true));
  const seen: string[] = [];
  for (let after = 0, last = false; !last;) {
    last = done;
    const { messages } = await bench.read('busy', { after });
    for (const row of messages) {
      expect(row.seq).toBe(++after);
      seen.push(row.messageId);
    }
    if (messages.length === 100) last = false;
  }
  await writing;
  expect(new Set(seen).size).toBe(writers * each);
  // Each writer's own messages came in its own order.
  for (let writer = 0; writer < writers; writer++) {
    const own = seen.filter((id) => id.startsWith(`${writer}-`));
    expect(own).toEqual(Array.from({ length: each }, (_, n) => `${writer}-${n}`));
  }
  expect((await store.audit(oneTenant(tenant))).channelGaps).toBe(0);
});

it('a listener that is closed with its first hint leaves no timer', async () => {
  let isOver = false;
  const shouting = (async () => {
    while (!isOver) await store.notify([{ kind: 'work', shards: [1] }]);
  })();
  // The hint may come with the answer to what the listener says to itself.
  for (let n = 0; n < 60; n++) {
    let heard = (): void => undefined;
    const first = new Promise<void>((resolve) => (heard = resolve));
    const listener = await store.listen(({ kind }) => kind === 'work' && heard());
    await first;
    await listener.close();
  }
  isOver = true;
  await shouting;
  await vi.waitFor(() => expect(open()).not.toContain('Timeout'), 2_000);
});

it('a listener that is being made when its store is closed ends with it, and none begins later', async () => {
  const own = await openPostgresStore({ connectionString: url });
  const listeners = async (): Promise<number | null> => {
    const ofOne =
      "select from pg_stat_activity where datname = current_database() and query like '%notify heddle%'";
    return (await outsider.query(ofOne)).rowCount;
  };
  const before = await listeners();
  const made = Array.from({ length: 3 }, () => own.listen(() => undefined));
  await own.close();
  await Promise.allSettled(made);
  await expect(own.listen(() => undefined)).rejects.toMatchObject({ code: 'closed' });
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await listeners()).toBe(before);
});

it('a listener whose connection is ended listens again and says so', async () => {
  const heard: Hint[] = [];
  const listener = await store.listen((hint) => heard.push(hint));
  const all: Hint = { kind: 'all' };
  await expect.poll(() => heard).toEqual([all]);
  await withClient(url, (client) => terminate(client, '%notify heddle%'));
  await expect.poll(() => heard, { timeout: 5_000 }).toEqual([all, all]);
  await store.notify([{ kind: 'work', shards: [3, 5] }]);
  await expect.poll(() => heard).toEqual([all, all, { kind: 'work', shards: [3, 5] }]);
  await listener.close();
});

it('a heartbeat whose connection is ended is hinted at, and comes over another', async () => {
  const heard: Hint[] = [];
  const listener = await store.listen((hint) => heard.push(hint));
  await bench.renew();
  heard.length = 0;
  await withClient(url, (client) =>
    client.query(
      `select pg_terminate_backend(session_pid) from heddle.replicas
      where replica_id = $1`,
      [bench.replicaId],
    ),
  );
  await expect.poll(() => heard).toEqual([{ kind: 'ownership' }]);
  await bench.renew();
  await listener.close();
});

it('closing lets a commit that is under way end', async () => {
  const closing = await openPostgresStore({ connectionString: url });
  const [run] = await startedRuns(1);
  await outsider.query('begin');
  await outsider.query('select from heddle.runs where run_id = $1 for update', [run!.runId]);
  const committing = closing.commit(bench.batch({ turns: [turnOf(run!, 1)] }));
  await withClient(url, someoneWaits);
  const closed = closing.close();
  await outsider.query('rollback');
  expect((await committing).fates).toEqual([]);
  await closed;
  await expect(closing.run(oneTenant(tenant), run!.runId)).rejects.toMatchObject({
    code: 'closed',
  });
});
