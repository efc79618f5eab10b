/** What the pages keep is bounded, and is read on from where it was left. */
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { Ends } from '../../src/ui/activity/worker/rate/ends.ts';
import { KnownWakes } from '../../src/ui/activity/weave/known-wakes.ts';
import { TurnStore } from '../../src/ui/run/turns/turn-store.ts';

const other = '01970000-0000-7000-8000-000000000001';
const run = '01970000-0000-7000-8000-000000000002';

const turnOf = (turn: number) => ({
  turn,
  atMs: turn,
  entries: [{ kind: 'done', output: { messages: [{ messageId: `${other}:${turn}:0` }] } }],
});

it('of runs that ended those of the last 5 s are held, also while nobody asks', () => {
  const ends = new Ends();
  for (let ms = 0; ms < 1_000_000; ms += 200) ends.ended(2, ms);
  expect(ends.size).toBeLessThanOrEqual(27);
  expect(ends.perSecond(999_800)).toBeCloseTo(10, 0);
  expect(ends.perSecond(2_000_000)).toBe(0);
});

it('wakes of long journals are known, and no turn is read twice', async () => {
  const asked: object[] = [];
  let newest = 1_000;
  const journal = (_: string, query: { after?: number; before?: number; limit: number }) => {
    asked.push(query);
    const { after, before, limit } = query;
    const from = after ?? Math.min(newest, (before ?? 0) - 1) - limit;
    const length = Math.min(limit, newest - from);
    return Promise.resolve(Array.from({ length }, (__, n) => turnOf(from + n + 1)));
  };
  const wakes = new KnownWakes({ runs: { journal } } as unknown as Client);
  wakes.want([{ runId: run, turn: 1_000 }]);
  await setTimeout(0);
  expect(wakes.of(run).at(-1)?.atMs).toBe(1_000);
  newest = 1_002;
  wakes.want([{ runId: run, turn: 1_002 }]);
  await setTimeout(0);
  wakes.want([{ runId: run, turn: 1_002 }]);
  await setTimeout(0);
  expect(asked).toEqual([
    { before: 1_001, limit: 200 },
    { after: 1_000, limit: 200 },
  ]);
  expect(wakes.of(run).map(({ atMs }) => atMs)).toEqual(
    Array.from({ length: 202 }, (_, n) => 801 + n),
  );
});

it('a window that word was lost of is read on when one of its turns is shown', async () => {
  let last = 150;
  const runs = {
    turns: (_: string, { after, limit }: { after: number; limit: number }) =>
      Promise.resolve(
        Array.from({ length: Math.min(limit, last - after) }, (__, n) => turnOf(after + n + 1)),
      ),
    attempts: () => Promise.resolve({ attempts: [] }),
    snapshotAt: (_: string, turn: number) => Promise.resolve({ turn, open: [] }),
  };
  const store = new TurnStore({ runs } as unknown as Client, run);
  store.need(150, 150);
  await setTimeout(5);
  expect(store.turn(150)?.turn).toBe(150);
  // The turns up to 450 were never told.
  last = 450;
  store.need(180, 450);
  await setTimeout(5);
  expect(store.turn(180)?.turn).toBe(180);
});
