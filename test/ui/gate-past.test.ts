/** What a gate went through, from the counts of the activity history. */
import { expect, it } from 'vitest';
import { gateChanges } from '../../src/ui/operations/gate-past.ts';

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
