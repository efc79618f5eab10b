import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../src/providers/fair-queue.ts';
import { IndexedHeap } from '../../src/providers/indexed-heap.ts';

/** `tenant/user/pipeline@start`, pushed under its own text. */
function queueOf(...texts: readonly string[]): FairQueue<string> {
  const queue = new FairQueue<string>();
  for (const text of texts) push(queue, text);
  return queue;
}

function placeOf(text: string) {
  const [path = '', start = '0'] = text.split('@');
  const [tenant = '', user = '', pipeline = ''] = path.split('/');
  return { tenant, user, pipeline, pipelineStartedAtMs: Number.parseInt(start, 10) };
}

function push(queue: FairQueue<string>, text: string): void {
  queue.push(text, text, placeOf(text));
}

function drain(queue: FairQueue<string>): string[] {
  const out: string[] = [];
  for (let item = queue.pop(); item !== undefined; item = queue.pop()) out.push(item);
  return out;
}

describe('the fair queue', () => {
  it('lets tenants take turns, then the users of each', () => {
    const queue = queueOf('a/u/p@1', 'a/u/p@1-2', 'a/v/p@1', 'b/u/p@9', 'a/u/p@1-3', 'b/u/p@9-2');
    expect(drain(queue)).toEqual([
      'a/u/p@1',
      'b/u/p@9',
      'a/v/p@1',
      'b/u/p@9-2',
      'a/u/p@1-2',
      'a/u/p@1-3',
    ]);
  });

  it("takes a user's oldest pipeline first, and each pipeline in order of arrival", () => {
    const queue = queueOf('a/u/new@7', 'a/u/old@3', 'a/u/new@7-2', 'a/u/old@3-2', 'a/u/oldest@1');
    expect(drain(queue)).toEqual([
      'a/u/oldest@1',
      'a/u/old@3',
      'a/u/old@3-2',
      'a/u/new@7',
      'a/u/new@7-2',
    ]);
  });

  it('puts who comes back behind all that wait', () => {
    const queue = queueOf('a/u/p@1', 'b/u/p@1', 'c/u/p@1');
    expect(queue.pop()).toBe('a/u/p@1');
    push(queue, 'a/u/p@1-2');
    expect(drain(queue)).toEqual(['b/u/p@1', 'c/u/p@1', 'a/u/p@1-2']);
  });

  it('gives a turn back with an item that was popped in vain', () => {
    const queue = queueOf('a/u/p@1', 'b/u/p@1');
    const item = queue.pop() ?? '';
    queue.putBack(item, item, placeOf(item));
    expect(drain(queue)).toEqual(['a/u/p@1', 'b/u/p@1']);
  });

  it('brings items back to the order that they had', () => {
    const queue = new FairQueue<number>();
    const place = (order: number) => ({ ...placeOf('a/u/p@1'), order });
    for (const order of [1, 2, 3, 4]) queue.push(`${order}`, order, place(order));
    for (const order of [1, 2, 3]) expect(queue.pop()).toBe(order);
    for (const order of [2, 1, 3]) queue.putBack(`${order}`, order, place(order));
    expect([queue.pop(), queue.pop(), queue.pop(), queue.pop()]).toEqual([1, 2, 3, 4]);
  });

  it('takes an item out wherever it stands', () => {
    const queue = queueOf('a/u/p@1', 'a/u/p@1-2', 'b/u/p@1');
    expect(queue.remove('a/u/p@1')).toBe('a/u/p@1');
    expect(queue.remove('a/u/p@1')).toBeUndefined();
    expect(queue.has('a/u/p@1')).toBe(false);
    expect(drain(queue)).toEqual(['a/u/p@1-2', 'b/u/p@1']);
  });

  it('knows a key once', () => {
    const queue = queueOf('a/u/p@1');
    expect(queue.push('a/u/p@1', 'other', placeOf('b/v/q@1'))).toBe(false);
    expect(queue.size).toBe(1);
    expect(queue.peek()).toBe('a/u/p@1');
  });
});

describe('the heap', () => {
  it('is in order after members have left from anywhere', () => {
    const heap = new IndexedHeap<{ heapIndex: number; value: number }>((a, b) => a.value < b.value);
    const members = Array.from({ length: 500 }, (_, i) => ({
      heapIndex: -1,
      value: (i * 7_919) % 500,
    }));
    for (const member of members) heap.push(member);
    for (const member of members) if (member.value % 3 === 0) heap.remove(member);
    const out: number[] = [];
    for (let first = heap.first(); first !== undefined; first = heap.first()) {
      heap.remove(first);
      expect(first.heapIndex).toBe(-1);
      out.push(first.value);
    }
    const left = Array.from({ length: 500 }, (_, i) => i).filter((value) => value % 3 !== 0);
    expect(out).toEqual(left);
  });
});
