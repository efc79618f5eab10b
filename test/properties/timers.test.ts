/**
 * Timers against a model: whatever their order, each rings at its time (promise 4), with a memory
 * that holds a few of them only. The rows, the turns that take what rang, and takeovers are the test's.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { asRunId } from '../../src/domain/ids.ts';
import { Timers } from '../../src/runtime/wake/timers.ts';
import type { Store } from '../../src/store/port.ts';
import { ManualClock } from '../support/manual-clock.ts';

const horizonMs = 20_000;
const inMemoryMax = 4;
/** What a look may be late by, since it keeps a pause after the look before. */
const pauseMs = 400;

type Row = { readonly id: number; readonly dueAtMs: number };

class World {
  readonly clock = new ManualClock();
  readonly rows = new Map<number, Row>();
  readonly late: { id: number; lateMs: number }[] = [];
  biggest = 0;
  #lookAtMs = Number.POSITIVE_INFINITY;
  #cancelLook = (): void => undefined;
  readonly timers = new Timers({
    clock: this.clock,
    settings: { horizonMs, inMemoryMax, rangMax: 1_000 },
    ring: (_, timerId) => this.#rang(Number(timerId)),
  });
  readonly #store = {
    timers: async ({ horizonMs: within, limit }: { horizonMs: number; limit: number }) =>
      [...this.rows.values()]
        .filter(({ dueAtMs }) => dueAtMs <= this.clock.nowMs() + within)
        .sort((a, b) => a.dueAtMs - b.dueAtMs)
        .slice(0, limit)
        .map(({ id, dueAtMs }) => ({
          ...this.#address(id),
          timerId: String(id),
          generation: 1,
          dueInMs: dueAtMs - this.clock.nowMs(),
        })),
  } as unknown as Store;

  constructor() {
    this.timers.lookBy.on((atMs) => this.#lookBy(atMs));
  }

  /** `here`: a turn of this replica has set it; else the row was there before this replica. */
  set(id: number, delayMs: number, here: boolean): void {
    this.rows.set(id, { id, dueAtMs: this.clock.nowMs() + delayMs });
    if (here) {
      this.timers.set(this.#address(id), { timerId: String(id), generation: 1, delayMs });
    }
  }

  async look(): Promise<void> {
    this.#lookAtMs = Number.POSITIVE_INFINITY;
    const againMs = await this.timers.look(this.#store, [0]);
    this.#lookBy(this.clock.nowMs() + againMs);
  }

  #lookBy(atMs: number): void {
    if (atMs >= this.#lookAtMs) return;
    this.#cancelLook();
    this.#lookAtMs = atMs;
    const inMs = atMs - this.clock.nowMs();
    this.#cancelLook = this.clock.setTimer(inMs, () => void this.look());
  }

  #rang(id: number): void {
    const row = this.rows.get(id);
    if (row === undefined) throw new Error(`timer ${id} rang without a row`);
    this.late.push({ id, lateMs: this.clock.nowMs() - row.dueAtMs });
    this.biggest = Math.max(this.biggest, this.timers.size);
    // The turn that takes it commits later.
    this.clock.setTimer(50, () => {
      this.rows.delete(id);
      this.timers.settled(this.#address(id), String(id));
    });
  }

  #address(id: number) {
    return {
      tenant: 't',
      runId: asRunId(`00000000-0000-7000-8000-${String(id).padStart(12, '0')}`),
      shard: 0,
    };
  }
}

const delays = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: 0, max: 60_000 }),
  fc.constantFrom(1_000, 19_999, 20_000, 20_001),
);
const sets = fc.array(
  fc.record({ delayMs: delays, here: fc.boolean(), afterMs: fc.constantFrom(0, 0, 0, 7, 900) }),
  { minLength: 1, maxLength: 60 },
);

it('each rings once and at its time, whatever was set before it (promise 4)', async () => {
  await fc.assert(
    fc.asyncProperty(sets, async (all) => {
      const world = new World();
      const [before, since] = [all.filter(({ here }) => !here), all.filter(({ here }) => here)];
      before.forEach(({ delayMs }, i) => world.set(i, delayMs, false));
      await world.look();
      for (const [i, { delayMs, afterMs }] of since.entries()) {
        world.set(before.length + i, delayMs, true);
        await world.clock.advance(afterMs);
      }
      await world.clock.advance(70_000);
      expect(world.late.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(
        all.map((_, i) => i),
      );
      for (const { lateMs } of world.late) {
        expect(lateMs).toBeGreaterThanOrEqual(0);
        expect(lateMs).toBeLessThanOrEqual(pauseMs);
      }
    }),
    { numRuns: 60 },
  );
});

it('a short one does not wait behind many long ones', async () => {
  const world = new World();
  await world.look();
  for (let id = 0; id < 50; id++) world.set(id, 19_000, true);
  world.set(50, 200, true);
  await world.clock.advance(200);
  expect(world.late).toEqual([{ id: 50, lateMs: 0 }]);
});

it('those that rang and were not taken keep nobody waiting', async () => {
  const world = new World();
  for (let id = 0; id < 30; id++) world.set(id, 0, false);
  await world.look();
  await world.clock.advance(2_000);
  world.set(30, 100, true);
  await world.clock.advance(100);
  expect(world.late.at(-1)).toEqual({ id: 30, lateMs: 0 });
  expect(world.late).toHaveLength(31);
});
