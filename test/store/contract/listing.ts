/** Lists of runs: each filter, each pair of them, both orders, pages of every size, and counts. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import type { RunId } from '../../../src/domain/ids.ts';
import {
  facetFields,
  type RunFilter,
  type RunLine,
  type RunPlace,
} from '../../../src/store/ports/listing-port.ts';
import type { Store } from '../../../src/store/port.ts';
import type { NewRun } from '../../../src/store/rows.ts';
import {
  begin,
  endOf,
  newRun,
  runId,
  tenant,
  turnOf,
  type Bench,
  type Contract,
} from './fixture.ts';

const own = oneTenant(tenant);
const none: RunFilter = {
  statuses: null,
  agent: null,
  user: null,
  pipeline: null,
  parent: null,
  code: null,
  tags: [],
  from: null,
  below: null,
  endedFromMs: null,
  endedBelowMs: null,
};

const parent = (n: number): NewRun['parent'] => {
  const { tenant: of, runId: id, shard } = newRun(n);
  return { tenant: of, runId: id, shard, invocationId: 'child', incarnation: 1 };
};
const failure = (code: string) => ({ outputText: null, error: { code, message: 'no' } });

/** Eleven runs: some open, some ended in each way, some by a first turn that is also the last. */
async function filled(bench: Bench, advance: (ms: number) => Promise<void>): Promise<void> {
  const one = await bench.started(1, { tags: ['red', 'urgent'] });
  await bench.started(2, { agent: 'writer', tags: ['red'] });
  const three = await bench.started(3, { user: 'bob', pipeline: 'p' });
  const four = await bench.started(4, { user: 'bob', parent: parent(1), pipeline: 'p' });
  await bench.started(5, { parent: parent(1), agent: 'writer' });
  const six = await bench.started(6, { parent: parent(3), tags: ['a "b"; {c}\\ é'] });
  await bench.commit({ arrivals: { starts: [newRun(7, { tags: ['late'] })] } });
  const eight = newRun(8, { agent: 'writer', user: 'bob', tags: ['red'] });
  const nine = newRun(9, { pipeline: 'p' });
  await bench.turns(endOf(one, 1));
  await advance(1_000);
  // They end at one instant.
  await bench.turns(
    endOf(three, 1, { status: 'failed', ended: failure('model "x" \\ gone') }),
    endOf(four, 1, { status: 'cancelled', ended: failure('run-cancelled') }),
  );
  await advance(1_000);
  await bench.turns(endOf(six, 1, { status: 'failed', ended: failure('x'.repeat(400)) }));
  await bench.turns(endOf(eight, 0, { create: eight }), turnOf(nine, 0, { create: nine }));
  await bench.started(10, { tenant: 'other', tags: ['red'] });
}

async function pages(
  store: Store,
  parts: Partial<RunFilter>,
  order: 'newest' | 'oldest',
  limit = 3,
) {
  const lines: RunLine[] = [];
  for (let after: RunPlace | null = null; ;) {
    const page = await store.list(own, { ...none, ...parts, order, after, limit });
    lines.push(...page.runs);
    expect(page.runs.length).toBeLessThanOrEqual(limit);
    // Of so few runs no page is short but the last.
    if (page.next === null) return lines;
    expect(page.runs).toHaveLength(limit);
    after = page.next;
  }
}

const numbers = (lines: readonly { readonly runId: RunId }[]): number[] =>
  lines.map(
    (line) => Array.from({ length: 11 }, (_, n) => n).find((n) => runId(n) === line.runId) ?? 0,
  );

const cases: readonly (readonly [Partial<RunFilter>, readonly number[]])[] = [
  [{}, [9, 8, 7, 6, 5, 4, 3, 2, 1]],
  [{ statuses: [] }, []],
  [{ statuses: ['queued'] }, [7]],
  [{ statuses: ['queued', 'admitted'] }, [9, 7, 5, 2]],
  [{ statuses: ['completed'] }, [8, 1]],
  [{ statuses: ['failed', 'cancelled', 'queued'] }, [7, 6, 4, 3]],
  [{ agent: 'writer' }, [8, 5, 2]],
  [{ agent: 'writer', statuses: ['completed'] }, [8]],
  [{ agent: 'writer', statuses: ['admitted'] }, [5, 2]],
  [{ agent: 'nobody' }, []],
  [{ user: 'bob' }, [8, 4, 3]],
  [{ user: 'bob', agent: 'writer' }, [8]],
  [{ user: 'bob', statuses: ['failed', 'cancelled'] }, [4, 3]],
  [{ pipeline: 'p' }, [9, 4, 3]],
  [{ pipeline: 'p', statuses: ['failed'] }, [3]],
  [{ parent: runId(1) }, [5, 4]],
  [{ parent: runId(1), agent: 'writer' }, [5]],
  [{ parent: runId(2) }, []],
  [{ code: 'run-cancelled' }, [4]],
  [{ code: 'model "x" \\ gone' }, [3]],
  [{ code: 'model' }, []],
  [{ code: 'run-cancelled', user: 'ann' }, []],
  [{ tags: ['red'] }, [8, 2, 1]],
  [{ tags: ['red', 'urgent'] }, [1]],
  [{ tags: ['a "b"; {c}\\ é'] }, [6]],
  [{ tags: ['late'], statuses: ['queued'] }, [7]],
  [{ tags: ['none'] }, []],
  [{ from: runId(4), below: runId(7) }, [6, 5, 4]],
  [{ from: runId(4), agent: 'writer' }, [8, 5]],
  [{ below: runId(5), tags: ['red'] }, [2, 1]],
  [{ from: runId(10) }, []],
];

export function listingContract({ open, it }: Contract): void {
  it('each filter, and each pair of them, gives its runs in pages, newest or oldest first', async () => {
    const bench = await begin(open);
    await filled(bench, bench.advance);
    for (const [parts, wanted] of cases) {
      for (const limit of [1, 3, 100]) {
        const name = `${JSON.stringify(parts)} by ${limit}`;
        const newest = numbers(await pages(bench.store, parts, 'newest', limit));
        expect(newest, name).toEqual(wanted);
        const oldest = numbers(await pages(bench.store, parts, 'oldest', limit));
        expect(oldest, name).toEqual(wanted.toReversed());
      }
    }
  });

  it('runs that ended within a time are in the order of their ends', async () => {
    const bench = await begin(open);
    await filled(bench, bench.advance);
    const lines = await pages(bench.store, {}, 'newest', 100);
    const endOfRun = (n: number): number =>
      lines.find((line) => line.runId === runId(n))?.endedAtMs ?? 0;
    const [first, second, third] = [endOfRun(1), endOfRun(3), endOfRun(6)];
    expect([first < second, second < third]).toEqual([true, true]);
    for (const limit of [1, 2, 100]) {
      const of = async (parts: Partial<RunFilter>) => {
        const newest = numbers(await pages(bench.store, parts, 'newest', limit));
        expect(numbers(await pages(bench.store, parts, 'oldest', limit))).toEqual(
          newest.toReversed(),
        );
        return newest;
      };
      expect(await of({ endedFromMs: first })).toEqual([8, 6, 4, 3, 1]);
      expect(await of({ endedFromMs: second })).toEqual([8, 6, 4, 3]);
      expect(await of({ endedBelowMs: second })).toEqual([1]);
      expect(await of({ endedFromMs: second, endedBelowMs: third })).toEqual([4, 3]);
      expect(await of({ endedFromMs: first, user: 'bob' })).toEqual([8, 4, 3]);
      expect(await of({ endedFromMs: first, from: runId(4) })).toEqual([8, 6, 4]);
      expect(await of({ endedFromMs: third + 60_000 })).toEqual([]);
    }
  });

  it('runs that ended at one instant are told once each, page by page, in the order of their ids', async () => {
    const bench = await begin(open);
    const many = [1, 2, 3, 4, 5, 6, 7];
    const runs = await Promise.all(
      many.map((n) => bench.started(n, { user: n % 2 ? 'ann' : 'bob' })),
    );
    await bench.turns(...runs.map((run) => endOf(run, 1)));
    const lines = await pages(bench.store, { endedFromMs: 0 }, 'newest', 100);
    expect(new Set(lines.map(({ endedAtMs }) => endedAtMs)).size).toBe(1);
    const atMs = lines[0]?.endedAtMs ?? 0;
    for (const limit of [1, 2, 3, 7]) {
      for (const parts of [{ endedFromMs: atMs }, { endedFromMs: 0, endedBelowMs: atMs + 1 }]) {
        expect(numbers(await pages(bench.store, parts, 'newest', limit))).toEqual(
          many.toReversed(),
        );
        expect(numbers(await pages(bench.store, parts, 'oldest', limit))).toEqual(many);
        const ann = { ...parts, user: 'ann' };
        expect(numbers(await pages(bench.store, ann, 'oldest', limit))).toEqual([1, 3, 5, 7]);
      }
      expect(await pages(bench.store, { endedBelowMs: atMs }, 'newest', limit)).toEqual([]);
    }
  });

  it('a line says what the row says, without its texts', async () => {
    const bench = await begin(open);
    await filled(bench, bench.advance);
    for (const line of await pages(bench.store, {}, 'newest', 100)) {
      const row = await bench.store.run(own, line.runId);
      const { code, ...same } = line;
      expect(row).toMatchObject(same);
      expect(row?.tags).toEqual(line.tags);
      if (code === null) expect(row?.error ?? null).toBeNull();
      else expect(row?.error?.code.startsWith(code)).toBe(true);
    }
  });

  it('counts are whole up to their bound, and say so beyond it', async () => {
    const bench = await begin(open);
    await filled(bench, bench.advance);
    const all = await bench.store.facets(own, { ...none, countMax: 9 });
    expect(all).toMatchObject({
      isWhole: true,
      total: 9,
      by: {
        status: { completed: 2, failed: 2, cancelled: 1, queued: 1, admitted: 3 },
        agent: { editor: 6, writer: 3 },
        user: { ann: 6, bob: 3 },
        code: { 'run-cancelled': 1, 'model "x" \\ gone': 1 },
      },
    });
    const part = await bench.store.facets(own, { ...none, countMax: 8 });
    expect(part).toMatchObject({
      isWhole: false,
      total: 8,
      by: { agent: { editor: 5, writer: 3 } },
    });
    for (const [parts, wanted] of cases) {
      const { total, isWhole, by } = await bench.store.facets(own, {
        ...none,
        ...parts,
        countMax: 9,
      });
      expect([total, isWhole], JSON.stringify(parts)).toEqual([wanted.length, true]);
      const sum = Object.values(by.status).reduce((a, b) => a + b, 0);
      expect(sum, JSON.stringify(parts)).toBe(wanted.length);
    }
    expect(Object.keys(all.by)).toEqual(facetFields);
  });

  it('counts beyond their bound are of the runs that ended last, where the filter is about the end', async () => {
    const bench = await begin(open);
    const users = ['__proto__', 'constructor', 'ann'];
    const runs = await Promise.all(users.map((user, i) => bench.started(i + 1, { user })));
    for (const n of [2, 0, 1]) {
      await bench.turns(endOf(runs[n]!, 1));
      await bench.advance(1_000);
    }
    const ofEnds = { ...none, endedFromMs: 0 };
    const two = await bench.store.facets(own, { ...ofEnds, countMax: 2 });
    expect(two).toMatchObject({ isWhole: false, total: 2 });
    expect(new Map(Object.entries(two.by.user))).toEqual(
      new Map([
        ['__proto__', 1],
        ['constructor', 1],
      ]),
    );
    const all = await bench.store.facets(own, { ...ofEnds, countMax: 3 });
    expect(all).toMatchObject({ isWhole: true, total: 3 });
  });

  it('open runs that match are counted up to a bound, and children are found by their parents', async () => {
    const bench = await begin(open);
    await filled(bench, bench.advance);
    const count = (parts: Partial<RunFilter>, countMax = 100) =>
      bench.store.openCount(own, { ...none, ...parts, countMax });
    expect(await count({})).toBe(4);
    expect(await count({}, 3)).toBe(3);
    expect(await count({ agent: 'writer' })).toBe(2);
    expect(await count({ statuses: ['queued', 'completed'] })).toBe(1);
    expect(await count({ tags: ['red'] })).toBe(1);
    expect(await count({ from: runId(3), below: runId(9) })).toBe(2);
    const children = async (parents: readonly number[], limit = 9) =>
      numbers(await bench.store.childrenOf(own, { parents: parents.map(runId), limit }));
    expect(await children([1])).toEqual([4, 5]);
    expect(await children([3, 1])).toEqual([4, 5, 6]);
    expect(await children([3, 1], 2)).toEqual([4, 5]);
    expect(await children([2])).toEqual([]);
    expect(await children([])).toEqual([]);
    const other = { parents: [runId(1)], limit: 9 };
    expect(await bench.store.childrenOf(oneTenant('other'), other)).toEqual([]);
  });

  it('a second start under a key changes no tags', async () => {
    const bench = await begin(open);
    const keyed = { idempotencyKey: 'k', tags: ['first'] };
    const start = (n: number, parts: Partial<NewRun>) => ({
      ...newRun(n, { ...keyed, ...parts }),
      startText: '[]',
    });
    await bench.commit({ arrivals: { starts: [start(1, {})] } });
    await bench.commit({ arrivals: { starts: [start(2, { tags: ['second'] })] } });
    expect(numbers(await pages(bench.store, { tags: ['first'] }, 'newest'))).toEqual([1]);
    expect(await pages(bench.store, { tags: ['second'] }, 'newest')).toEqual([]);
  });

  it('retention takes a run out of all lists', async () => {
    const bench = await begin(open);
    await filled(bench, bench.advance);
    await bench.store.prune({ olderThanMs: 0, limit: 100 });
    for (const [parts] of cases) {
      const left = numbers(await pages(bench.store, parts, 'newest'));
      expect(
        left.every((n) => [2, 5, 7, 9].includes(n)),
        JSON.stringify(parts),
      ).toBe(true);
    }
    expect(numbers(await pages(bench.store, { tags: ['red'] }, 'newest'))).toEqual([2]);
  });
}
