/** What a gate went through, and its lane: from the counts of the activity history, and from what is heard now. */
import { expect, it } from 'vitest';
import { bands, laneFields } from '../../src/ui/activity/worker/lanes.ts';
import { GateLanes } from '../../src/ui/operations/providers/gate-lanes.ts';
import { gateChanges } from '../../src/ui/operations/providers/gate-past.ts';

const count = (atMs: number, ...gates: readonly (readonly [string, string, number])[]) => ({
  atMs,
  statuses: {},
  inSlots: 0,
  isWhole: true,
  users: [],
  rest: { users: 0, statuses: {} },
  gates: gates.map(([gate, status, limit]) => ({
    gate,
    status,
    limit,
    ceiling: 9,
    inUse: 0,
    limited: 0,
  })),
});

it('says when status and limit changed, the newest first, across counts in which it is not told', () => {
  const counts = [
    count(1, ['a', 'open', 9], ['b', 'open', 3]),
    count(2, ['a', 'cooling', 4], ['b', 'open', 3]),
    count(3),
    count(4, ['a', 'cooling', 4]),
    count(5, ['a', 'open', 4]),
  ];
  expect(gateChanges(counts, 'a')).toEqual([
    { atMs: 5, kind: 'status', from: 'cooling', to: 'open' },
    { atMs: 2, kind: 'limit', from: '9', to: '4' },
    { atMs: 2, kind: 'status', from: 'open', to: 'cooling' },
  ]);
  expect(gateChanges(counts, 'b')).toEqual([]);
  expect(gateChanges(counts, 'c')).toEqual([]);
});

it('a lane keeps what was heard, and the counts fill what nobody has heard', () => {
  const lanes = new GateLanes();
  const seen = { gate: 'a', ceiling: 9, status: 'open', coolForMs: 0 };
  const at = (ms: number, field: keyof typeof laneFields): number | null =>
    lanes.seriesOf('a').at(ms)?.[laneFields[field]] ?? null;
  const told = (inUse: number, rateLimited: number, more: object = {}) => [
    { ...seen, limit: 5, inUse, rateLimited, ...more },
  ];
  lanes.heard(told(2, 7), 100_000);
  lanes.heard(told(3, 9), 100_400);
  lanes.heard(told(3, 10), 100_500);
  lanes.heard(told(4, 10, { coolForMs: 50 }), 101_000);
  lanes.counted([count(95_000, ['a', 'open', 4]), count(100_100, ['a', 'open', 1])], 101_200);
  expect([94_900, 95_000, 99_900, 100_000].map((ms) => at(ms, 'limit'))).toEqual([0, 4, 4, 5]);
  expect([100_000, 100_200, 100_400, 101_000].map((ms) => at(ms, 'inUse'))).toEqual([2, 2, 3, 4]);
  // Those before the first word are nobody's step; those of one step are added up.
  expect([100_000, 100_400, 100_600, 101_000].map((ms) => at(ms, 'refused'))).toEqual([0, 3, 0, 0]);
  expect([100_400, 101_000].map((ms) => at(ms, 'band'))).toEqual([bands.none, bands.cooling]);
  // After a pause the counts tell what was meanwhile.
  lanes.heard(told(1, 10), 120_000);
  lanes.counted([count(105_000, ['a', 'stalled', 4])], 120_200);
  expect([106_000, 114_900, 115_100].map((ms) => at(ms, 'band'))).toEqual([
    bands.stalled,
    bands.stalled,
    bands.none,
  ]);
  expect(at(120_000, 'inUse')).toBe(1);
  // What was heard before the pause stays as it was heard.
  expect([100_400, 101_000].map((ms) => at(ms, 'refused'))).toEqual([3, 0]);
  expect([100_000, 101_000].map((ms) => at(ms, 'inUse'))).toEqual([2, 4]);
});
