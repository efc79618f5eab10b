/** What both stores and the runtime build on: the list of fates, and the one way to make a batch. */
import { describe, expect, it } from 'vitest';
import { Fates, type PartFate } from '../../src/store/fates.ts';
import { makeBatch } from '../../src/store/make-batch.ts';
import { commitId, event, newRun, replicaId, slot, turnOf } from './contract/fixture.ts';

const fenced = { kind: 'fenced' } as const;
const stale = { kind: 'stale' } as const;

describe('the fates of a batch', () => {
  it('are none for parts that are committed as they were asked', () => {
    const fates = new Fates();
    const parts = ['a', 'b'];
    expect(fates.of('turns', 0)).toBeNull();
    expect(fates.without('turns', parts)).toBe(parts);
    expect(fates.list()).toEqual([]);
  });

  it('make the same list in whichever order they came, one for each part', () => {
    const [one, other] = [new Fates(), new Fates()];
    one.put('slots', 1, fenced);
    one.put('turns', 7, stale);
    one.put('turns', 2, fenced);
    other.put('turns', 2, stale);
    other.put('turns', 7, stale);
    other.put('turns', 2, fenced);
    other.put('slots', 0, fenced);
    other.put('slots', 1, fenced);
    other.put('slots', 0, null);
    const list: PartFate[] = [
      { kind: 'turns', index: 2, fate: fenced },
      { kind: 'turns', index: 7, fate: stale },
      { kind: 'slots', index: 1, fate: fenced },
    ];
    expect(one.list()).toEqual(list);
    expect(other.list()).toEqual(list);
    expect(new Fates(list).of('turns', 7)).toEqual(stale);
    expect(new Fates(list).without('turns', ['a', 'b', 'c'])).toEqual(['a', 'b']);
  });

  it('are copied, so that what is told does not change what goes again', () => {
    const fates = new Fates([{ kind: 'turns', index: 0, fate: stale }]);
    const copy = fates.copy();
    copy.put('turns', 0, null);
    expect(fates.of('turns', 0)).toEqual(stale);
  });

  it('are of their kind alone', () => {
    const fates = new Fates();
    // @ts-expect-error -- a slot is never stale
    fates.put('slots', 0, stale);
    // @ts-expect-error -- what is committed as it was asked has no fate
    fates.put('turns', 0, { kind: 'committed' });
    // @ts-expect-error -- an event meets nothing that was there before
    const wrong: PartFate = { kind: 'inbox', index: 0, fate: { kind: 'existing' } };
    expect(wrong.kind).toBe('inbox');
  });
});

describe('a batch', () => {
  const epochs = new Map([1, 2, 3, 4, 5, 6].map((shard) => [shard, shard * 10]));
  const by = {
    ids: { commit: () => commitId(1) },
    replicaId: replicaId(1),
    shards: { epoch: (shard: number) => epochs.get(shard) },
  };

  it('holds what is given and nothing else', () => {
    expect(makeBatch(by, {})).toEqual({
      commitId: commitId(1),
      replicaId: replicaId(1),
      epochs: new Map(),
      turns: [],
      statusChanges: [],
      results: [],
      slots: [],
      providers: [],
      arrivals: { starts: [], inbox: [], messages: [], memory: [] },
    });
    const inbox = [event(newRun(9), 'e')];
    expect(makeBatch(by, { arrivals: { inbox } }).arrivals).toMatchObject({ starts: [], inbox });
  });

  it('promise 6: has the epoch of every part that is fenced, and none of a shard that is lost', () => {
    const at = (n: number) => {
      const { tenant, runId, shard } = newRun(n);
      return { tenant, runId, shard };
    };
    const held = { ...at(4), invocationId: 'g', incarnation: 1, attempt: 1 };
    const batch = makeBatch(by, {
      turns: [turnOf(newRun(1), 0), turnOf(newRun(7), 0)],
      statusChanges: [{ ...at(2), expectedTurn: 0, status: 'stalled', reason: null }],
      results: [{ ...at(3), key: 'r', payloadText: '1' }],
      slots: [slot(0), slot(1, { status: 'calling', call: held })],
      charges: {
        reserved: [],
        settled: [{ ...at(5), user: 'ann', call: null, spent: null }],
        defaults: {},
      },
      arrivals: { inbox: [event(newRun(6), 'from outside')] },
    });
    expect([...batch.epochs]).toEqual([1, 2, 3, 4, 5].map((shard) => [shard, shard * 10]));
  });
});
