/** Slot changes that come late, with times: what they and the demand of those times make together. */
import { expect, it } from 'vitest';
import { Demand } from '../../src/circuits/demand.ts';
import { SlotTimeline } from '../../src/circuits/slot-timeline.ts';

/** Two members with 2 places each, and a demand that is 1 ms per ms while `waits`. */
function begun() {
  const at = { ms: 100 };
  let demandMs = 0;
  const demand = new Demand(8);
  demand.readFrom(() => demandMs * 8);
  const timeline = new SlotTimeline({ ceiling: 4, members: 2, demand, nowMs: () => at.ms });
  const pass = (ms: number, { waits }: { readonly waits: boolean }): void => {
    timeline.mark();
    at.ms += ms;
    if (waits) demandMs += ms;
    timeline.mark();
  };
  const take = (untilMs: number, ...members: readonly (readonly [atMs: number, by: number][])[]) =>
    timeline.take({
      untilMs,
      changes: members.map((changes) => ({
        atMs: Float64Array.from(changes, ([ms]) => ms),
        by: Int8Array.from(changes, ([, by]) => by),
      })),
    });
  return { timeline, pass, take };
}

it('counts places that were in use while a call waited, and no others', () => {
  const { timeline, pass, take } = begun();
  pass(10, { waits: false });
  pass(20, { waits: true });
  pass(10, { waits: false });
  // One place from 105 to 120, another from 125 to the end; of 110 to 130 that is 10 + 5.
  take(
    140,
    [
      [105, 1],
      [120, -1],
    ],
    [[125, 1]],
  );
  expect(timeline.slotMs).toEqual({ used: 15, offered: 80 });
  expect(timeline.takePeaks()).toEqual([1, 1]);
  // The second is still there, and is the peak of what follows.
  expect(timeline.takePeaks()).toEqual([0, 1]);
});

it('goes on where it was, however the changes are cut into messages', () => {
  const changes: readonly (readonly [number, number])[] = [
    [101, 1],
    [103, 1],
    [112, -1],
    [113, 1],
    [119, -1],
    [127, -1],
  ];
  const results = [[140], [102, 112, 140], [101, 103, 111, 113, 118, 119, 130, 140]].map((cuts) => {
    const { timeline, pass, take } = begun();
    let from = 0;
    pass(11, { waits: true });
    pass(7, { waits: false });
    pass(22, { waits: true });
    for (const until of cuts) {
      const own = changes.filter(([ms]) => ms > from && ms <= until);
      take(
        until,
        own.map(([ms, by]) => [ms, by]),
        [],
      );
      from = until;
    }
    return timeline.slotMs;
  });
  for (const { used, offered } of results) {
    // 100–111: 2 + 8 × 2 = 18; nothing counts until 118; then 1 place to 119, 2 → 1 … 127.
    expect(used).toBeCloseTo(18 + 2 + 8);
    expect(offered).toBeCloseTo(33 * 4);
  }
});

it('takes demand between two marks as even', () => {
  const { timeline, pass, take } = begun();
  pass(10, { waits: true });
  take(105, [[102, 1]], []);
  expect(timeline.slotMs).toEqual({ used: 3, offered: 20 });
});
