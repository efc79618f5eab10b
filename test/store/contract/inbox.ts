/** The inbox: what waits for runs, what of it is refused, and who finds it. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { limits } from '../../../src/domain/limits.ts';
import type { InboxKind, RunAddress, StartArrival } from '../../../src/store/rows.ts';
import {
  allShards,
  begin,
  endOf,
  event,
  keyed as sentUnder,
  newRun,
  runIds,
  tenant,
  turnOf,
  type Contract,
} from './fixture.ts';

export function inboxContract({ open, it }: Contract): void {
  it('promise 5: an accepted start is a queued run with its inbox row', async () => {
    const bench = await begin(open);
    const run = newRun(1, { idempotencyKey: 'once' });
    const outcome = await bench.commit({ arrivals: { starts: [run] } });
    expect(outcome.starts).toEqual([{ kind: 'accepted' }]);
    expect(runIds(outcome.wakes)).toEqual([run.runId]);
    const loaded = await bench.load(run);
    expect(loaded.run).toMatchObject({
      ...run,
      status: 'queued',
      reason: null,
      turn: 0,
      chartText: null,
      heldText: null,
      outputText: null,
      error: null,
      endedAtMs: null,
    });
    expect(loaded.inbox).toMatchObject([{ kind: 'start', runId: run.runId, shard: run.shard }]);
    expect(await bench.store.run(oneTenant(tenant), run.runId)).toEqual(loaded.run);
  });

  it('promise 5: a used idempotency key gives the first run and starts nothing', async () => {
    const bench = await begin(open);
    const first = newRun(1, { idempotencyKey: 'once' });
    const second = newRun(2, { idempotencyKey: 'once' });
    const elsewhere = newRun(3, { idempotencyKey: 'once', tenant: 'other' });
    await bench.commit({ arrivals: { starts: [first] } });
    const outcome = await bench.commit({ arrivals: { starts: [second, elsewhere, newRun(4)] } });
    const { runId, shard } = first;
    expect(outcome.starts).toEqual([
      { kind: 'existing', run: { tenant, runId, shard } },
      { kind: 'accepted' },
      { kind: 'accepted' },
    ]);
    expect(await bench.store.load([second])).toEqual([null]);
    expect(runIds(outcome.wakes)).toEqual(runIds([elsewhere, newRun(4)]));
  });

  it('promise 5: one key twice in one batch starts one run', async () => {
    const bench = await begin(open);
    const starts = [1, 2].map((n) => newRun(n, { idempotencyKey: 'once' }));
    const outcome = await bench.commit({ arrivals: { starts } });
    expect(outcome.starts).toMatchObject([
      { kind: 'accepted' },
      { kind: 'existing', run: { runId: newRun(1).runId } },
    ]);
    expect((await bench.store.usage(tenant)).openRuns).toBe(1);
  });

  it('promise 5: starts with one key at the same time start one run', async () => {
    const bench = await begin(open);
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        bench.commit({ arrivals: { starts: [newRun(n, { idempotencyKey: 'once' })] } }),
      ),
    );
    const kinds = outcomes.map((outcome) => outcome.starts[0]?.kind);
    expect(kinds.filter((kind) => kind === 'accepted')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'existing')).toHaveLength(7);
    expect((await bench.store.usage(tenant)).openRuns).toBe(1);
  });

  const keyed = (
    n: number,
    startText: string,
    parts: Partial<StartArrival> = {},
  ): StartArrival => ({
    ...newRun(n, { idempotencyKey: 'once' }),
    startText,
    ...parts,
  });
  const misuse = (of: number, field = 'start.idempotencyKey') => ({
    kind: 'refused',
    error: { code: 'start-key-used', detail: { field, key: 'once', runId: newRun(of).runId } },
  });
  const existing = (of: number) => ({ kind: 'existing', run: { runId: newRun(of).runId } });
  const accepted = { kind: 'accepted' };

  it('promise 5: a key that was used for something else refuses the start, and that alone', async () => {
    const bench = await begin(open);
    await bench.commit({ arrivals: { starts: [keyed(1, 'a')] } });
    const starts = [newRun(2), keyed(3, 'b'), keyed(4, 'a'), keyed(5, 'b', { tenant: 'other' })];
    const outcome = await bench.commit({ arrivals: { starts } });
    expect(outcome.starts).toMatchObject([accepted, misuse(1), existing(1), accepted]);
    expect(await bench.store.load([keyed(3, 'b')])).toEqual([null]);
    await bench.commit({ turns: [endOf(keyed(1, 'a'), 0)] });
    const later = await bench.commit({ arrivals: { starts: [keyed(6, 'b'), keyed(7, 'a')] } });
    expect(later.starts).toMatchObject([misuse(1), existing(1)]);
  });

  it('promise 5: of starts that go together none is accepted when a key of one was used', async () => {
    const bench = await begin(open);
    await bench.commit({ arrivals: { starts: [keyed(1, 'a')] } });
    const free = { idempotencyKey: 'free' };
    const starts = [
      { ...newRun(2), group: 7 },
      keyed(3, 'c', { group: 7, ...free }),
      keyed(4, 'b', { group: 7 }),
      { ...newRun(5), group: 8 },
      keyed(6, 'd', { group: 8, ...free }),
      newRun(7),
    ];
    const outcome = await bench.commit({ arrivals: { starts } });
    const refused = misuse(1, 'starts[2].idempotencyKey');
    expect(outcome.starts).toMatchObject([refused, refused, refused, accepted, accepted, accepted]);
    expect(await bench.store.load(starts.slice(0, 3))).toEqual([null, null, null]);
    expect((await bench.store.usage(tenant)).openRuns).toBe(4);
  });

  it('promise 5: in one batch the first to use a key has it', async () => {
    const bench = await begin(open);
    const starts = [
      keyed(1, 'a', { group: 1 }),
      keyed(2, 'b', { group: 1 }),
      keyed(3, 'b', { group: 2 }),
      keyed(4, 'a', { group: 3 }),
      keyed(5, 'b', { group: 4 }),
    ];
    const outcome = await bench.commit({ arrivals: { starts } });
    const first = misuse(1, 'starts[1].idempotencyKey');
    expect(outcome.starts).toMatchObject([first, first, accepted, misuse(3), existing(3)]);
  });

  it('promise 5: of starts at the same time that differ under one key, one is accepted', async () => {
    const bench = await begin(open);
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        bench.commit({ arrivals: { starts: [keyed(n, `hash ${n % 2}`), newRun(100 + n)] } }),
      ),
    );
    const kinds = outcomes.map(({ starts }) => starts[0]?.kind);
    const first = kinds.indexOf('accepted');
    expect(kinds.lastIndexOf('accepted')).toBe(first);
    kinds.forEach((kind, n) => {
      if (n !== first) expect(kind).toBe(n % 2 === first % 2 ? 'existing' : 'refused');
      expect(outcomes[n]?.starts[1]).toEqual({ kind: 'accepted' });
    });
  });

  it('promise 5: a run without a hash of what was asked for has its key as before', async () => {
    const bench = await begin(open);
    await bench.commit({ arrivals: { starts: [newRun(1, { idempotencyKey: 'once' })] } });
    const outcome = await bench.commit({ arrivals: { starts: [keyed(2, 'b')] } });
    expect(outcome.starts).toMatchObject([existing(1)]);
  });

  it('promise 5: a commit that is sent again refuses the same starts', async () => {
    const bench = await begin(open);
    await bench.commit({ arrivals: { starts: [keyed(1, 'a')] } });
    const batch = bench.batch({ arrivals: { starts: [keyed(2, 'b'), newRun(3)] } });
    const once = await bench.send(batch);
    const again = await bench.send(batch);
    expect(once.starts).toMatchObject([misuse(1), accepted]);
    expect(again.starts).toEqual(once.starts);
  });

  it('promise 5: a key stays used when its run has ended', async () => {
    const bench = await begin(open);
    const run = await bench.started(1, { idempotencyKey: 'once' });
    await bench.turns(endOf(run, 1));
    const starts = [newRun(2, { idempotencyKey: 'once' })];
    const outcome = await bench.commit({ arrivals: { starts } });
    expect(outcome.starts).toMatchObject([{ kind: 'existing', run: { runId: run.runId } }]);
  });

  it('promise 5: a start whose run is there under another key uses none', async () => {
    const bench = await begin(open);
    const hers = { idempotencyKey: 'hers' };
    await bench.commit({ arrivals: { starts: [newRun(1), newRun(2, hers)] } });
    const starts = [
      keyed(1, 'a'),
      keyed(2, 'b'),
      keyed(3, 'c'),
      keyed(3, 'd', { idempotencyKey: 'twice' }),
      keyed(4, 'e', { idempotencyKey: 'twice' }),
    ];
    const outcome = await bench.commit({ arrivals: { starts } });
    expect(outcome.starts).toMatchObject([
      existing(1),
      existing(2),
      accepted,
      existing(3),
      accepted,
    ]);
    const later = await bench.commit({ arrivals: { starts: [keyed(5, 'a'), keyed(1, 'c')] } });
    expect(later.starts).toMatchObject([misuse(3), existing(1)]);
  });

  it('promise 5: a run that is started twice by its id is one run', async () => {
    const bench = await begin(open);
    await bench.commit({ arrivals: { starts: [newRun(1)] } });
    const outcome = await bench.commit({ arrivals: { starts: [newRun(1, { user: 'bob' })] } });
    expect(outcome.starts).toMatchObject([{ kind: 'existing', run: { runId: newRun(1).runId } }]);
    expect((await bench.load(newRun(1))).run.user).toBe('ann');
    expect(await bench.inbox(newRun(1))).toHaveLength(1);
  });

  it('promise 5: what arrives waits in order until a turn takes it', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.commit({ arrivals: { inbox: [event(run, 'a'), event(run, 'b')] } });
    await bench.commit({
      arrivals: { inbox: [event(run, 'c', { kind: 'answer', ref: 'ask' })] },
    });
    const rows = await bench.inbox(run);
    expect(rows).toMatchObject([
      { kind: 'event', payloadText: '{"type":"a"}', ref: null, key: null },
      { kind: 'event', payloadText: '{"type":"b"}' },
      { kind: 'answer', payloadText: '{"type":"c"}', ref: 'ask' },
    ]);
    const [first, , third] = rows;
    await bench.turns(turnOf(run, 1, { takenInbox: [first?.seq ?? '', third?.seq ?? ''] }));
    expect(await bench.inbox(run)).toMatchObject([{ payloadText: '{"type":"b"}' }]);
  });

  it('promise 5: events sent one after another stay in order, on whatever connection', async () => {
    const bench = await begin(open);
    const [run, other] = await Promise.all([bench.started(1), bench.started(2)]);
    const types: string[] = [];
    for (let n = 0; n < 12; n++) {
      types.push(`e${n}`);
      // The other run's events only keep the next connection busy.
      await Promise.all([
        bench.commit({ arrivals: { inbox: [event(run, `e${n}`)] } }),
        ...Array.from({ length: n % 3 }, () =>
          bench.commit({ arrivals: { inbox: [event(other, 'x')] } }),
        ),
      ]);
    }
    expect((await bench.inbox(run)).map((row) => row.payloadText)).toEqual(
      types.map((type) => `{"type":"${type}"}`),
    );
  });

  it('promise 5: a turn that is not committed takes nothing', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.commit({ arrivals: { inbox: [event(run, 'a')] } });
    const takenInbox = (await bench.inbox(run)).map((row) => row.seq);
    await bench.commit({ turns: [turnOf(run, 9, { takenInbox })] });
    expect(await bench.inbox(run)).toHaveLength(1);
  });

  it('promise 11: for a run that is unknown or has ended it is refused', async () => {
    const bench = await begin(open);
    const [open1, ended] = await Promise.all([bench.started(1), bench.started(2)]);
    await bench.turns(endOf(ended, 1));
    const inbox = [event(newRun(3), 'a'), event(ended, 'a'), event(open1, 'a')];
    const outcome = await bench.commit({ arrivals: { inbox } });
    expect(outcome.inbox).toMatchObject([
      { kind: 'refused', error: { code: 'run-unknown', detail: { runId: newRun(3).runId } } },
      {
        kind: 'refused',
        error: { code: 'run-ended', detail: { runId: ended.runId, status: 'completed' } },
      },
      { kind: 'accepted' },
    ]);
    expect(runIds(outcome.wakes)).toEqual([open1.runId]);
  });

  it('promise 11: the end of a run in the same batch comes first', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    const inbox = [event(run, 'late')];
    const outcome = await bench.commit({ turns: [endOf(run, 1)], arrivals: { inbox } });
    expect(outcome.inbox).toMatchObject([{ kind: 'refused', error: { code: 'run-ended' } }]);
  });

  it('a row keeps who has sent it, whether it counts once or not; nobody has sent heddle’s own', async () => {
    const bench = await begin(open);
    const [run, other] = [await bench.started(1), await bench.started(2)];
    const sent = { ...sentUnder(run, 'b', 'k'), by: 'desk' };
    await bench.commit({ arrivals: { inbox: [event(run, 'a', { by: 'library' }), sent] } });
    await bench.commit({ arrivals: { inbox: [event(other, 'c', { by: 'desk' })] } });
    await bench.commit({ arrivals: { inbox: [event(other, 'd')] } });
    const senders = async (of: RunAddress) => (await bench.inbox(of)).map(({ by }) => by);
    expect(await senders(run)).toEqual(['library', 'desk']);
    expect(await senders(other)).toEqual(['desk', undefined]);
  });

  it('promise 5: two rows with one key are one', async () => {
    const bench = await begin(open);
    const [a, b] = await Promise.all([bench.started(1), bench.started(2)]);
    const keyed = { key: 'sender-1' };
    const first = await bench.commit({
      arrivals: { inbox: [event(a, 'x', keyed), event(a, 'y', keyed), event(b, 'z', keyed)] },
    });
    expect(first.inbox.map((outcome) => outcome.kind)).toEqual(Array(3).fill('accepted'));
    const second = await bench.commit({ arrivals: { inbox: [event(a, 'y', keyed)] } });
    expect(second.inbox).toEqual([{ kind: 'accepted' }]);
    expect(second.wakes).toEqual([]);
    expect(await bench.inbox(a)).toMatchObject([{ payloadText: '{"type":"x"}' }]);
    expect(await bench.inbox(b)).toMatchObject([{ payloadText: '{"type":"z"}' }]);
  });

  it('promise 5: a turn’s rows for its parent and children arrive with it', async () => {
    const bench = await begin(open);
    const [parent, child] = await Promise.all([bench.started(1), bench.started(2)]);
    const outcome = await bench.turns(
      endOf(child, 1, {
        inbox: [event(parent, 'done', { kind: 'child', ref: 'editor', key: 'child:editor:1' })],
      }),
    );
    expect(runIds(outcome.wakes)).toEqual([parent.runId]);
    expect(await bench.inbox(parent)).toMatchObject([
      { kind: 'child', ref: 'editor', payloadText: '{"type":"done"}', key: 'child:editor:1' },
    ]);
  });

  it('promise 5: a child that starts and its parent’s first event to it come in order', async () => {
    const bench = await begin(open);
    const parent = await bench.started(1);
    const child = newRun(2);
    await bench.turns(turnOf(parent, 1, { children: [child], inbox: [event(child, 'hello')] }));
    expect((await bench.inbox(child)).map((row) => row.kind)).toEqual(['start', 'event']);
  });

  it('promise 7: a turn’s row for a run that has ended wakes nobody', async () => {
    const bench = await begin(open);
    const [parent, child] = await Promise.all([bench.started(1), bench.started(2)]);
    await bench.turns(endOf(parent, 1));
    const outcome = await bench.turns(endOf(child, 1, { inbox: [event(parent, 'done')] }));
    expect(outcome.wakes).toEqual([]);
    const query = { shards: allShards, afterSeq: null, limit: 9 };
    expect((await bench.store.pending(query)).runs).toEqual([]);
  });

  it('promise 5: a load hands out a bounded number of rows, the oldest', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    const inbox = Array.from({ length: limits.turnEventsMax + 5 }, (_, n) => event(run, `e${n}`));
    await bench.commit({ arrivals: { inbox } });
    const rows = await bench.inbox(run);
    expect(rows).toHaveLength(limits.turnEventsMax);
    expect(rows[0]?.payloadText).toBe('{"type":"e0"}');
    await bench.turns(turnOf(run, 1, { takenInbox: rows.map((row) => row.seq) }));
    expect((await bench.inbox(run)).map((row) => row.payloadText)).toEqual(
      [100, 101, 102, 103, 104].map((n) => `{"type":"e${n}"}`),
    );
  });

  it('promise 7: pending names the runs of these shards that have something, oldest first', async () => {
    const bench = await begin(open);
    for (const n of [3, 1, 2]) {
      const run = newRun(n, { priority: n === 3 ? 'batch' : 'normal' });
      await bench.commit({ arrivals: { starts: [run] } });
    }
    const query = { shards: [1, 3], afterSeq: null, limit: 9 };
    const found = await bench.store.pending(query);
    expect(found.runs).toMatchObject([
      {
        tenant,
        runId: newRun(3).runId,
        shard: 3,
        user: 'ann',
        pipeline: 'pipeline-3',
        priority: 'batch',
        status: 'queued',
      },
      { runId: newRun(1).runId, shard: 1 },
    ]);
    expect(found.nextSeq).toBeNull();
    const none = await bench.store.pending({ ...query, shards: [] });
    expect(none).toEqual({ runs: [], nextSeq: null });
  });

  it('promise 7: pending says for which runs a person’s word is among their rows', async () => {
    const bench = await begin(open);
    const kinds = ['event', 'cancel', 'pause', 'resume', 'answer', 'messages', 'result'] as const;
    const runs = kinds.map((_, n) => newRun(n + 1));
    for (const run of runs) await bench.commit({ arrivals: { starts: [run] } });
    const row = (run: RunAddress, kind: InboxKind) => ({ ...event(run, 'x'), kind });
    const inbox = kinds.flatMap((kind, n) => {
      const run = runs[n] ?? newRun(99);
      // Between other rows, so that each row of a run is looked at.
      return [row(run, 'event'), row(run, kind), row(run, 'event')];
    });
    await bench.commit({ arrivals: { inbox } });
    const found = await bench.store.pending({ shards: allShards, afterSeq: null, limit: 99 });
    expect(found.runs.map(({ runId, hasCommand }) => [runId, hasCommand])).toEqual(
      runs.map(({ runId }, n) => [runId, n >= 1 && n <= 4]),
    );
  });

  it('promise 7: pending goes through all runs page by page', async () => {
    const bench = await begin(open);
    const runs = [5, 4, 3, 2, 1].map((n) => newRun(n));
    for (const run of runs) await bench.commit({ arrivals: { starts: [run] } });
    await bench.commit({ arrivals: { inbox: runs.map((run) => event(run, 'more')) } });
    const found: string[] = [];
    let afterSeq: string | null = null;
    for (let page = 0; page < 9; page++) {
      const query = { shards: allShards, afterSeq, limit: 2 };
      const { runs: some, nextSeq } = await bench.store.pending(query);
      found.push(...some.map((run) => run.runId));
      afterSeq = nextSeq;
      if (nextSeq === null) break;
    }
    expect(afterSeq).toBeNull();
    expect([...new Set(found)]).toEqual(runs.map((run) => run.runId));
  });

  it('promise 3: a kept result waits for the turn that takes it by its key, and wakes nobody', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    const kept = { ...run, key: 'result:ask:1', payloadText: '{"n":1}' };
    const outcome = await bench.commit({ results: [kept, { ...kept, payloadText: '{"n":2}' }] });
    expect(outcome.results).toEqual([{ kind: 'committed' }, { kind: 'committed' }]);
    expect(outcome.wakes).toEqual([]);
    expect(await bench.inbox(run)).toMatchObject([
      { kind: 'result', ref: null, key: 'result:ask:1', payloadText: '{"n":1}' },
    ]);
    const query = {
      shards: allShards,
      statuses: ['admitted'],
      afterRunId: null,
      limit: 9,
    } as const;
    expect(await bench.store.open(query)).toMatchObject([{ runId: run.runId, hasInbox: true }]);
    await bench.turns(turnOf(run, 1, { takenResults: ['result:ask:1', 'result:ask:2'] }));
    expect(await bench.inbox(run)).toEqual([]);
    expect(await bench.store.open(query)).toMatchObject([{ runId: run.runId, hasInbox: false }]);
  });

  it('promise 6: a result is kept only at the epoch of its shard, its neighbours are', async () => {
    const bench = await begin(open);
    const [a, b] = [await bench.started(1), await bench.started(2)];
    const results = [a, b].map((run) => ({ ...run, key: 'result:ask:1', payloadText: '{}' }));
    const epochs = new Map(bench.epochs).set(a.shard, (bench.epochs.get(a.shard) ?? 1) - 1);
    const outcome = await bench.commit({ epochs, results });
    expect(outcome.results).toEqual([{ kind: 'fenced' }, { kind: 'committed' }]);
    expect(await bench.inbox(a)).toEqual([]);
    expect(await bench.inbox(b)).toHaveLength(1);
  });

  it('promise 11: a result that Postgres refuses is poison for itself alone', async () => {
    const bench = await begin(open);
    const [a, b] = [await bench.started(1), await bench.started(2)];
    const outcome = await bench.commit({
      results: [
        { ...a, key: 'result:ask:1', payloadText: '"nul \u0000"' },
        { ...b, key: 'result:ask:1', payloadText: '{}' },
      ],
    });
    expect(outcome.results).toMatchObject([{ kind: 'poison' }, { kind: 'committed' }]);
    expect(await bench.inbox(b)).toHaveLength(1);
  });

  it('keeps nothing for a run that has ended', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(endOf(run, 1));
    const kept = { ...run, key: 'result:ask:1', payloadText: '{}' };
    expect((await bench.commit({ results: [kept] })).results).toEqual([{ kind: 'committed' }]);
    expect(await bench.inbox(run)).toEqual([]);
  });
}
