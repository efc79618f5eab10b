import { expect, it } from 'vitest';
import { capacityEfficiency, slotUseUnderDemand } from '../../src/circuits/efficiency.ts';
import { Demand } from '../../src/circuits/demand.ts';
import { SlotUse } from '../../src/circuits/slot-use.ts';

const thousand = { calls: 3_000, inARow: 3, latencyMs: 50, ceiling: 240, wallMs: 625 };

it('measures the wall time against the shortest possible one', () => {
  expect(capacityEfficiency(thousand)).toBe(1);
  expect(capacityEfficiency({ ...thousand, wallMs: 1_250 })).toBe(0.5);
});

it('knows that no circuit is shorter than its calls in a row', () => {
  const few = { ...thousand, calls: 30, wallMs: 300 };
  expect(capacityEfficiency(few)).toBe(0.5);
  expect(capacityEfficiency({ ...few, inARow: 1 })).toBeCloseTo(50 / 300);
});

it('has no efficiency where nothing was called or nothing takes time', () => {
  expect(capacityEfficiency({ ...thousand, calls: 0 })).toBe(0);
  expect(capacityEfficiency({ ...thousand, latencyMs: 0 })).toBe(0);
  expect(capacityEfficiency({ ...thousand, wallMs: 0 })).toBe(0);
});

it('takes the share of the slot-time in use while a call waited', () => {
  expect(slotUseUnderDemand({ used: 10, offered: 10 }, { used: 70, offered: 90 })).toBe(0.75);
  expect(slotUseUnderDemand({ used: 5, offered: 9 }, { used: 5, offered: 9 })).toBe(1);
});

it('counts a place as used only while the provider works in it', () => {
  // heddle was told of 8 slots, and there are 4.
  const demand = new Demand(8);
  const use = new SlotUse({ ceiling: 4, demand });
  let offered = 200;
  demand.readFrom(() => offered);
  use.change(1);
  // 10 ms of demand, with one call in flight.
  offered += 80;
  use.change(1);
  use.change(1);
  offered += 80;
  for (const _ of [1, 2, 3]) use.change(-1);
  offered += 40;
  expect(use.slotMs).toEqual({ used: 10 + 30, offered: 200 });
  expect(slotUseUnderDemand({ used: 0, offered: 100 }, use.slotMs)).toBe(0.4);
});

it('counts no more places in use than there are', () => {
  const demand = new Demand(4);
  const use = new SlotUse({ ceiling: 2, demand });
  let offered = 0;
  demand.readFrom(() => offered);
  for (const _ of [1, 2, 3]) use.change(1);
  offered += 40;
  expect(use.slotMs).toEqual({ used: 20, offered: 20 });
});
