/** The rows of the runs page: no answer overwrites a newer one, and nothing that was is shown as what is. */
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { HeddleRequestError, type Client, type Page } from '../../src/client/index.ts';
import { placeOf } from '../../src/ui/keys/keys-at.ts';
import { toAll, toEach } from '../../src/ui/runs/give.ts';
import { RunList } from '../../src/ui/runs/run-list.ts';

type Asked = {
  readonly query: Record<string, unknown>;
  answer(ids: string[], cursor?: string): void;
};

/** A list whose answers come when they are given. */
function held(): { list: RunList; asked: Asked[]; facets: { fails: boolean; asked: object[] } } {
  const asked: Asked[] = [];
  const facets = { fails: false, asked: [] as object[] };
  const runs = {
    list: (query: Record<string, unknown>) =>
      new Promise<Page<{ id: string; turn: number }>>((resolve) => {
        asked.push({
          query,
          answer: (ids, cursor = '') =>
            resolve({ items: ids.map((id) => ({ id, turn: 1 })), cursor }),
        });
      }),
    facets: (query: object) => {
      facets.asked.push(query);
      const problem = { code: 'closing', detail: 'later', status: 503, retryable: true };
      if (facets.fails) return Promise.reject(new HeddleRequestError(problem));
      return Promise.resolve({ total: 1, isWhole: true, by: {} });
    },
  };
  const list = new RunList({ runs } as unknown as Client, {
    refused: () => undefined,
    isHidden: () => false,
  });
  return { list, asked, facets };
}

const idsOf = (list: RunList): string[] => list.rows.value.map(({ id }) => id);
const event = (name: string, runs: object[]) =>
  ({ event: name, topic: 0, id: '', data: { runs } }) as unknown as Parameters<RunList['heard']>[0];

describe('rows', () => {
  it('are of the newest search alone, whatever comes later', async () => {
    const { list, asked } = held();
    list.ask({ agent: 'a' });
    asked[0]?.answer(['9', '8'], 'a-2');
    await setTimeout(0);
    list.seen(2);
    expect(asked[1]?.query).toMatchObject({ agent: 'a', cursor: 'a-2' });
    list.ask({ agent: 'b' });
    // The second page of the old search comes, and somebody scrolls: the cursor is not one of this search.
    asked[1]?.answer(['7'], 'a-3');
    await setTimeout(0);
    list.seen(2);
    expect(asked).toHaveLength(3);
    asked[2]?.answer(['6', '5'], 'b-2');
    await setTimeout(0);
    expect(idsOf(list)).toEqual(['6', '5']);
    list.close();
  });

  it('are read again when word of them was lost, as many as there were', async () => {
    const { list, asked } = held();
    list.ask({});
    list.heard(event('reset', [{ runId: '9', turn: 1 }]));
    asked[0]?.answer(
      Array.from({ length: 150 }, (_, n) => String(999 - n)),
      'next',
    );
    await setTimeout(0);
    expect(asked).toHaveLength(1);
    list.heard(event('reset', []));
    expect(asked[1]?.query).toMatchObject({ limit: 200 });
    asked[1]?.answer(['1000']);
    await setTimeout(0);
    expect(idsOf(list)).toEqual(['1000']);
    list.close();
  });

  it('count as new what fits and is not among them', async () => {
    const { list, asked } = held();
    list.ask({});
    list.heard(event('reset', [{ runId: '5', turn: 1, fits: true }]));
    asked[0]?.answer(['5', '4']);
    await setTimeout(0);
    expect(list.fresh.value).toBe(0);
    list.heard(event('states', [{ runId: '6', turn: 1, fits: true }]));
    expect(list.fresh.value).toBe(1);
    // No run begins with an error.
    list.ask({ code: 'x' });
    asked[1]?.answer(['3']);
    await setTimeout(0);
    list.heard(event('states', [{ runId: '7', turn: 1, fits: true }]));
    expect(list.fresh.value).toBe(0);
    list.close();
  });

  it('of a phase are asked for by it, counted without it, and new ones are those in it', async () => {
    const { list, asked, facets } = held();
    list.ask({ agent: 'a', phase: 'in-slot' });
    expect(asked[0]?.query).toMatchObject({ agent: 'a', phase: 'in-slot' });
    list.heard(event('reset', []));
    asked[0]?.answer(['5']);
    await expect.poll(() => facets.asked).toEqual([{ agent: 'a' }]);
    const of = { turn: 1, fits: true };
    list.heard(event('states', [{ runId: '6', ...of, phase: 'waits-for-slot' }]));
    list.heard(event('states', [{ runId: '7', ...of }]));
    expect(list.fresh.value).toBe(0);
    list.heard(event('states', [{ runId: '8', ...of, phase: 'in-slot' }]));
    expect(list.fresh.value).toBe(1);
    list.close();
  });

  it('say that heddle does not answer only as long as it does not', async () => {
    const { list, asked, facets } = held();
    facets.fails = true;
    list.ask({});
    asked[0]?.answer(['1']);
    await setTimeout(20);
    expect(list.trouble.value).not.toBeNull();
    facets.fails = false;
    list.heard(event('states', [{ runId: '1', turn: 2 }]));
    await expect.poll(() => list.trouble.value, { timeout: 20_000 }).toBeNull();
    list.close();
  });
});

describe('a command to many runs', () => {
  const refused = new HeddleRequestError({
    code: 'more-match',
    detail: 'more',
    status: 409,
    retryable: false,
  });

  it('tells what was done before it was refused', async () => {
    const answers = [{ done: 1_000, left: 5, cursor: 'c' }];
    const command = () => {
      const next = answers.shift();
      return next === undefined ? Promise.reject(refused) : Promise.resolve(next);
    };
    const on = { runs: { command } } as unknown as Client;
    const of = { filter: {}, runs: 1_005 };
    expect(await toAll(on, 'cancel', of)).toEqual({ done: 1_000, failed: ['more'] });
    await expect(toAll(on, 'cancel', of)).rejects.toBe(refused);
  });

  it('goes to each once', async () => {
    const got: string[] = [];
    const pause = (id: string) => {
      got.push(id);
      return id === 'b' ? Promise.reject(refused) : Promise.resolve();
    };
    const on = { runs: { pause } } as unknown as Client;
    const outcome = await toEach(on, 'pause', new Set(['a', 'b', 'c']));
    expect(outcome).toEqual({ done: 2, failed: ['more'] });
    expect(got.toSorted()).toEqual(['a', 'b', 'c']);
  });
});

it('the keys stay at their run when rows come before it, and at its place when it is gone', () => {
  const rows = ['a', 'b', 'c'].map((id) => ({ id }));
  const cases: readonly [string | null, number, readonly { id: string }[], number][] = [
    [null, 0, rows, 0],
    ['b', 1, rows, 1],
    ['b', 1, [{ id: 'new' }, ...rows], 2],
    ['c', 2, rows.slice(1), 1],
    ['gone', 1, rows, 1],
    ['gone', 9, rows, 2],
    ['gone', 3, [], 0],
  ];
  for (const [id, place, of, at] of cases) expect(placeOf({ id, place }, of)).toBe(at);
});
