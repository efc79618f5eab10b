import { expect, it } from 'vitest';
import { FairQueue } from '../../src/queue/fair-queue.ts';

const place = (user: string) => ({ tenant: 't', user, pipeline: user, pipelineStartedAtMs: 0 });

it('holds a key at most once, and gives the items in the order of a fair line', () => {
  const queue = new FairQueue<number>();
  expect(queue.push('a1', 1, place('a'))).toBe(true);
  expect(queue.push('a2', 2, place('a'))).toBe(true);
  expect(queue.push('b1', 3, place('b'))).toBe(true);
  expect(queue.push('a1', 4, place('c'))).toBe(false);
  expect(queue.size).toBe(3);
  expect(queue.peek()).toBe(1);
  expect([queue.pop(), queue.pop(), queue.pop(), queue.pop()]).toEqual([1, 3, 2, undefined]);
  expect(queue.push('a1', 5, place('a'))).toBe(true);
});

it('lets an item leave from any place', () => {
  const queue = new FairQueue<number>();
  for (const n of [1, 2, 3]) queue.push(`k${n}`, n, place('a'));
  expect([queue.remove('k2'), queue.remove('k2'), queue.remove('k9')]).toEqual([
    2,
    undefined,
    undefined,
  ]);
  expect([queue.size, queue.pop(), queue.pop(), queue.pop()]).toEqual([2, 1, 3, undefined]);
});
