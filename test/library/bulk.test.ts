/** Commands to many runs: what one request reaches, and what its repetition adds. */
import { expect, it } from 'vitest';
import { allTenants } from '../../src/access/scopes.ts';
import { heddleError } from '../../src/domain/errors.ts';
import { asRunId, type RunId } from '../../src/domain/ids.ts';
import { steerMany, type Steering } from '../../src/library/listing/bulk.ts';
import type { RunLine } from '../../src/store/ports/listing-port.ts';

const idOf = (n: number): RunId =>
  asRunId(`01900000-0000-7000-8000-${String(n).padStart(12, '0')}`);

/** Runs of which those that were told match no more, as paused ones do not. */
function world(begun: number, { isTakenAtOnce = true } = {}) {
  let count = begun;
  const told: RunId[] = [];
  const matching = () =>
    Array.from({ length: count }, (_, n) => idOf(n)).filter(
      (runId) => !isTakenAtOnce || !told.includes(runId),
    );
  let checks = Number.POSITIVE_INFINITY;
  const steering: Steering = {
    store: {
      openCount: async (_, { from }) =>
        matching().filter((id) => from === null || id >= from).length,
      list: async (_, { after, limit }) => {
        const all = matching().filter((runId) => after === null || runId > after.runId);
        const runs = all.slice(0, limit).map((runId) => ({ runId }) as RunLine);
        const last = runs.at(-1);
        const next = all.length > limit && last !== undefined ? last.runId : null;
        return { runs, next: next === null ? null : { runId: next, endedUs: null } };
      },
    },
    toldBefore: async (_, limit) => told.toSorted().slice(0, limit),
    checkHeld: () => {
      checks -= 1;
      if (checks < 0) throw heddleError('request-running', { key: 'k', retryAfterMs: 1_000 });
    },
    tell: async ({ runId }) => {
      if (!told.includes(runId)) told.push(runId);
    },
  };
  const pause = (request: object, parts: Partial<Steering> = {}) =>
    steerMany(
      { ...steering, ...parts },
      'pause',
      { filter: {}, request: request as never },
      allTenants,
    );
  const add = (more: number) => (count += more);
  return { told, pause, add, lostAfter: (chunks: number) => (checks = chunks) };
}

it.each([
  ['those that were told match no more', true],
  ['none of them has taken its command yet', false],
])(
  'a request that is carried out again after a part of it reaches the same runs: %s',
  async (_, isTakenAtOnce) => {
    for (const chunks of [0, 1, 3, 10]) {
      const once = await world(1_500).pause({ matches: 1_500 });
      const { told, pause, lostAfter } = world(1_500, { isTakenAtOnce });
      lostAfter(chunks);
      const first = pause({ matches: 1_500 });
      if (chunks < 10) await expect(first).rejects.toMatchObject({ code: 'request-running' });
      else await first;
      expect(told).toHaveLength(chunks * 100);
      lostAfter(Number.POSITIVE_INFINITY);
      const again = await pause({ matches: 1_500 });
      expect({ ...again, left: null }).toEqual({ ...once, left: null });
      expect(told).toHaveLength(1_000);
      expect(again.left).toBeGreaterThanOrEqual(500);
    }
  },
);

it('a repetition reaches the oldest of those that were counted, however many have come since', async () => {
  const { told, pause, lostAfter, add } = world(500);
  lostAfter(3);
  await expect(pause({ matches: 500 })).rejects.toMatchObject({ code: 'request-running' });
  lostAfter(Number.POSITIVE_INFINITY);
  add(400);
  const again = await pause({ matches: 500 });
  expect(again).toMatchObject({ done: 500 });
  expect(told.toSorted()).toEqual(Array.from({ length: 500 }, (_, n) => idOf(n)));
});

it('what is left is at least one while there is a next page, however few were counted', async () => {
  const { pause } = world(1_001);
  const openCount = async (): Promise<number> => 1_000;
  const { store } = { store: { openCount } };
  const done = await pause(
    { matches: 1_000 },
    {
      store: {
        ...store,
        list: async () => ({ runs: [], next: { runId: idOf(5), endedUs: null } }),
      },
    },
  );
  expect(done).toMatchObject({ done: 0, left: 1_000 });
  const full = Array.from({ length: 1_000 }, (_, n) => ({ runId: idOf(n) }) as RunLine);
  const next = { runId: idOf(999), endedUs: null };
  const late = await pause(
    { matches: 1_000 },
    { store: { openCount, list: async () => ({ runs: full, next }) } },
  );
  expect(late).toMatchObject({ done: 1_000, left: 1 });
});
