/** What the process itself gives: time and ids. */
import { afterEach, expect, it, vi } from 'vitest';
import { asRunId } from '../src/domain/ids.ts';
import { systemClock, systemIds } from '../src/system.ts';

it('ids are in the order in which they were made, also within a millisecond', () => {
  const ids = Array.from({ length: 20_000 }, () => systemIds.run());
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.map(asRunId)).toEqual(ids);
  for (const id of ids.slice(0, 100)) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
});

afterEach(() => {
  vi.useRealTimers();
});

it('a delay beyond 24.8 days is waited for in parts, and can be given up in each', async () => {
  vi.useFakeTimers();
  const days = 86_400_000;
  for (const delayMs of [1, 24 * days, 25 * days, 400 * days]) {
    const rang: string[] = [];
    systemClock.setTimer(delayMs, () => rang.push('kept'));
    const cancel = systemClock.setTimer(delayMs, () => rang.push('given up'));
    await vi.advanceTimersByTimeAsync(delayMs * 0.9);
    expect(rang).toEqual([]);
    cancel();
    await vi.advanceTimersByTimeAsync(delayMs * 0.1 + 1);
    expect(rang).toEqual(['kept']);
  }
});
