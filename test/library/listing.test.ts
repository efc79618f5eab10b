/** Commands to more runs than one request reaches, trees of children, and what a run keeps that is begun once more. */
import { describe, expect, it } from 'vitest';
import { allTenants } from '../../src/access/scopes.ts';
import { heddleError } from '../../src/domain/errors.ts';
import { asRunId, type RunId } from '../../src/domain/ids.ts';
import { limits } from '../../src/domain/limits.ts';
import { steerMany, type BulkRequest } from '../../src/library/listing/bulk.ts';
import { childrenOf } from '../../src/library/listing/children.ts';
import { rerunOf } from '../../src/library/listing/rerun.ts';
import type { RunRow } from '../../src/store/rows.ts';

const idOf = (n: number): RunId =>
  asRunId(`00000000-0000-7000-8000-${String(n).padStart(12, '0')}`);

describe('a command to many runs', () => {
  /** Runs 1 to `count`, oldest first, of which those in `ended` end before they are told. */
  function steering(count: number, ended: readonly number[] = []) {
    const ids = Array.from({ length: count }, (_, i) => idOf(i + 1));
    const told: RunId[] = [];
    const store = {
      openCount: async (_: unknown, { from }: { from: RunId | null }) =>
        ids.filter((id) => from === null || id >= from).length,
      list: async (
        _: unknown,
        asked: { order: string; after: { runId: RunId } | null; limit: number },
      ) => {
        expect(asked.order).toBe('oldest');
        const { after, limit } = asked;
        const left = ids.filter((id) => after === null || id > after.runId);
        const runs = left.slice(0, limit).map((runId) => ({ runId }));
        const last = runs.at(-1);
        return { runs, next: left.length > limit && last ? { ...last, endedUs: null } : null };
      },
    };
    const tell = async ({ runId }: { runId: RunId }): Promise<void> => {
      if (ended.some((n) => idOf(n) === runId))
        throw heddleError('run-ended', { runId, status: 'completed' });
      told.push(runId);
    };
    const untried = { toldBefore: async () => [], checkHeld: () => undefined };
    const steer = (request: BulkRequest) =>
      steerMany({ ...untried, store, tell } as never, 'pause', { filter: {}, request }, allTenants);
    return { told, steer };
  }

  it('goes on behind the runs that it has reached, and counts what is left', async () => {
    const { told, steer } = steering(2_500);
    const first = await steer({ matches: 2_500 });
    expect([first.done, first.left]).toEqual([1_000, 1_500]);
    const second = await steer({ matches: 1_500, cursor: first.next ?? '' });
    expect([second.done, second.left]).toEqual([1_000, 500]);
    await expect(steer({ matches: 499, cursor: second.next ?? '' })).rejects.toMatchObject({
      code: 'more-match',
    });
    const third = await steer({ matches: 500, cursor: second.next ?? '' });
    expect([third.done, third.left, third.next]).toEqual([500, 0, null]);
    expect(told.toSorted()).toEqual(Array.from({ length: 2_500 }, (_, i) => idOf(i + 1)));
  });

  it('leaves out a run that has ended meanwhile, and tells the others', async () => {
    const { told, steer } = steering(5, [2]);
    const { done, runIds } = await steer({ matches: 5 });
    expect([done, runIds.length, told.length]).toEqual([4, 4, 4]);
  });
});

describe('the runs below a run', () => {
  /** Each run n has the children 10n + 1, 10n + 2 and 10n + 3, for three generations. */
  const store = {
    run: async () => ({}),
    childrenOf: async (_: unknown, { parents, limit }: { parents: RunId[]; limit: number }) =>
      parents
        .map((id) => Number(id.slice(-12)))
        .flatMap((n) => (n < 1_000 ? [1, 2, 3].map((i) => ({ runId: idOf(10 * n + i) })) : []))
        .slice(0, limit),
  };
  const below = async (query: { depth?: number; limit?: number }) => {
    const { runs, isCut } = await childrenOf(store as never, idOf(1), query, allTenants);
    return { isCut, numbers: runs.map(({ runId }) => Number(runId.slice(-12))), runs };
  };

  it('stand generation by generation, as deep and as many as is asked', async () => {
    const all = await below({});
    expect([all.numbers.length, all.isCut]).toEqual([39, false]);
    expect(all.numbers.slice(0, 4)).toEqual([11, 12, 13, 111]);
    expect(all.runs.map(({ depth }) => depth)).toEqual(
      all.numbers.map((n) => String(n).length - 1),
    );
    const one = await below({ depth: 1 });
    expect([one.numbers, one.isCut]).toEqual([[11, 12, 13], true]);
    const three = await below({ depth: 3 });
    expect([three.numbers.length, three.isCut]).toEqual([39, false]);
    const few = await below({ limit: 4 });
    expect([few.numbers, few.isCut]).toEqual([[11, 12, 13, 111], true]);
    const whole = await below({ limit: 39 });
    expect([whole.numbers.length, whole.isCut]).toEqual([39, false]);
  });
});

describe('a run that is begun once more', () => {
  const row = {
    runId: idOf(7),
    agent: 'a',
    tenant: 't',
    user: 'ann',
    pipeline: 'p',
    priority: 'high',
    inputText: '{"n":1}',
  } as unknown as RunRow;

  it('keeps user, pipeline, class, input and tags, but for the last tag where there are too many', () => {
    const kept = { agent: 'a', tenant: 't', user: 'ann', pipeline: 'p', priority: 'high' };
    const tag = `rerun-of:${row.runId}`;
    expect(rerunOf(row, {})).toEqual({ ...kept, input: { n: 1 }, tags: [tag] });
    expect(rerunOf(row, { input: null }).input).toBeNull();
    const tags = Array.from({ length: limits.tagsMax }, (_, i) => `t${i}`);
    expect(rerunOf({ ...row, tags }, {}).tags).toEqual([...tags.slice(0, -1), tag]);
    expect(rerunOf({ ...row, pipeline: row.runId }, {})).not.toHaveProperty('pipeline');
  });
});
