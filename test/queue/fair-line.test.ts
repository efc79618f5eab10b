import { describe, expect, it } from 'vitest';
import type { FairPlace } from '../../src/queue/fair-place.ts';
import { KeyedLine } from '../support/keyed-line.ts';
import { capacityDefaults } from '../../src/domain/capacity-settings.ts';
import { IndexedHeap } from '../../src/queue/indexed-heap.ts';

const { headStartItems, headStartTurnsMax } = capacityDefaults.fairness;
const headStartMax = headStartItems * headStartTurnsMax;

/** `tenant/user/pipeline@start`, pushed under its own text. */
function queueOf(...texts: readonly string[]): KeyedLine<string> {
  const queue = new KeyedLine<string>();
  for (const text of texts) push(queue, text);
  return queue;
}

function placeOf(text: string) {
  const [path = '', start = '0'] = text.split('@');
  const [tenant = '', user = '', pipeline = ''] = path.split('/');
  return { tenant, user, pipeline, pipelineStartedAtMs: Number.parseInt(start, 10) };
}

function push(queue: KeyedLine<string>, text: string): void {
  queue.push(text, text, placeOf(text));
}

function drain(queue: KeyedLine<string>): string[] {
  const out: string[] = [];
  for (let item = queue.pop(); item !== undefined; item = queue.pop()) out.push(item);
  return out;
}

describe('the fair line', () => {
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

  it('gives every tenth turn of a user to what has waited longest, whatever else it has', () => {
    const queue = queueOf('a/u/new@9');
    const turns: (string | undefined)[] = [];
    // Its older pipelines never end: each has the next item as soon as the last one is taken.
    for (let i = 0; i < 14; i++) {
      push(queue, `a/u/old@1-${i}`);
      turns.push(queue.pop());
    }
    expect(turns.indexOf('a/u/new@9')).toBe(9);
    // From then on what has waited longest is the next of the old ones.
    expect(turns.slice(10)).toEqual([9, 10, 11, 12].map((i) => `a/u/old@1-${i}`));
  });

  it('gives such a turn back too', () => {
    const queue = queueOf('a/u/new@9');
    for (let i = 0; i < 12; i++) push(queue, `a/u/old@1-${i}`);
    for (let i = 0; i < 9; i++) queue.pop();
    const item = queue.pop() ?? '';
    expect(item).toBe('a/u/new@9');
    queue.putBack(item, item, { ...placeOf(item), order: 0 });
    expect(queue.pop()).toBe('a/u/new@9');
    expect(queue.pop()).toBe('a/u/old@1-9');
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
    const queue = new KeyedLine<number>();
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

/** Pops so many, and settles each as it was estimated. */
function served(queue: KeyedLine<FairPlace>, count: number): string[] {
  return Array.from({ length: count }, () => {
    const item = queue.pop();
    if (item === undefined) return 'nothing';
    queue.settle(item, item.cost ?? 1);
    return `${item.tenant}/${item.user}`;
  });
}

function callsOf(queue: KeyedLine<FairPlace>, path: string, cost: number, count = 20, more = {}) {
  const place = { ...placeOf(`${path}/p@1`), cost, ...more };
  for (let i = 0; i < count; i++) queue.push(`${path} ${cost} ${i}`, place, place);
  return place;
}

const times = (list: readonly string[], one: string): number =>
  list.filter((each) => each === one).length;

describe('charging in tokens', () => {
  it('gives a user of large calls as many tokens as one of small calls, not as many turns', () => {
    const queue = new KeyedLine<FairPlace>();
    callsOf(queue, 'a/large', 1_000);
    callsOf(queue, 'a/small', 100, 150);
    // Both have begun then, and have had their head starts.
    served(queue, 20);
    const turns = served(queue, 55);
    expect(times(turns, 'a/large')).toBe(5);
    expect(times(turns, 'a/small')).toBe(50);
  });

  it("shares between tenants by their weights, and one tenant's users share its part", () => {
    const queue = new KeyedLine<FairPlace>();
    callsOf(queue, 'a/u', 100, 50, { weight: 3 });
    callsOf(queue, 'b/u', 100, 50);
    callsOf(queue, 'b/v', 100, 50);
    const turns = served(queue, 40);
    expect(times(turns, 'a/u')).toBe(30);
    expect(times(turns, 'b/u')).toBe(5);
  });

  it('gives back what a call did not use, and takes what it used beyond its estimate', () => {
    const queue = new KeyedLine<FairPlace>();
    const cheap = callsOf(queue, 'a/cheap', 1_000, 60);
    const dear = callsOf(queue, 'a/dear', 1_000, 60);
    const turns: string[] = [];
    for (let i = 0; i < 44; i++) {
      const item = queue.pop();
      if (item === undefined) throw new Error('nothing waits');
      queue.settle(item, item === cheap ? 100 : 1_000);
      turns.push(item.user);
    }
    expect(turns.filter((user) => user === dear.user).length).toBeLessThanOrEqual(5);
  });

  it('lets no past take the future: a correction goes only so far', () => {
    const queue = new KeyedLine<FairPlace>();
    const thrifty = callsOf(queue, 'a/thrifty', 1_000, 900);
    callsOf(queue, 'a/other', 1_000, 900);
    // A million tokens come back to it; it takes no more than 16,384 of them at once.
    served(queue, 2);
    for (let i = 0; i < 1_000; i++) queue.settle(thrifty, 0);
    const turns = served(queue, 60);
    expect(times(turns, 'a/other')).toBeGreaterThan(15);
  });

  it('takes the longest waiting first when fewer wait than are under way', () => {
    const queue = new KeyedLine<string>();
    const push = (name: string, start: number): void => {
      queue.push(name, name, { ...placeOf(`a/u/${name}@${start}`), cost: 1 });
    };
    for (const name of ['a', 'b', 'c', 'd']) push(name, 9);
    const popped = Array.from({ length: 4 }, () => queue.pop());
    expect(popped).toEqual(['a', 'b', 'c', 'd']);
    push('young', 5);
    push('old', 1);
    expect(drain(queue)).toEqual(['young', 'old']);
    for (let i = 0; i < 6; i++) queue.settle({ ...placeOf('a/u/a@9'), cost: 1 }, 1);
    push('young', 5);
    push('old', 1);
    expect(drain(queue)).toEqual(['old', 'young']);
  });

  it('saves no credit for who was idle', () => {
    const queue = new KeyedLine<FairPlace>();
    callsOf(queue, 'a/busy', 100, 200);
    served(queue, 100);
    callsOf(queue, 'a/late', 100, 50);
    const turns = served(queue, 20);
    expect(times(turns, 'a/late')).toBe(10);
  });
});

describe('pipelines that have begun', () => {
  const callOf = (path: string, start = 0) => ({ ...placeOf(`${path}@${start}`), cost: 10 });
  const pushCall = (queue: KeyedLine<string>, path: string, start = 0): void => {
    queue.push(path, path, callOf(path, start));
  };
  const popCall = (queue: KeyedLine<string>): string => {
    const path = queue.pop() ?? 'nothing';
    // Settled at once: with nothing under way it is never the end of a batch.
    queue.settle(callOf(path), 10);
    return path;
  };

  /** So many turns of whoever is next, while this pipeline always has a call that waits or has just gone. */
  const turnsBeside = (queue: KeyedLine<string>, path: string, count: number): string[] =>
    Array.from({ length: count }, () => {
      pushCall(queue, path);
      return popCall(queue);
    });

  it("go ahead of other users' new ones, two items for each of their first two turns", () => {
    const queue = new KeyedLine<string>();
    for (let i = 0; i < 9; i++) pushCall(queue, `a/u/new${i}`, 1 + i);
    const turns = turnsBeside(queue, 'a/v/begun', 12);
    // A turn each, as without a head start; then five in a row for the one that has begun.
    expect(turns.map((path) => path.split('/')[1]).join('')).toBe('uvvvvvuvuvuv');
  });

  it('have not begun with what was popped in vain', () => {
    const queue = new KeyedLine<string>();
    const path = 'a/v/refused';
    pushCall(queue, path);
    for (let i = 0; i < 2; i++) {
      expect(queue.pop()).toBe(path);
      queue.putBack(path, path, callOf(path));
    }
    queue.remove(path);
    pushCall(queue, 'a/u/new');
    pushCall(queue, path);
    expect(popCall(queue)).toBe('a/u/new');
    expect(popCall(queue)).toBe(path);
    // Now it has, so that it goes ahead of who came before it.
    pushCall(queue, 'a/u/newer');
    pushCall(queue, path);
    expect(popCall(queue)).toBe(path);
  });

  it('have no such right over another tenant', () => {
    const queue = new KeyedLine<string>();
    for (let i = 0; i < 9; i++) pushCall(queue, `a/u/new${i}`, 1 + i);
    const turns = turnsBeside(queue, 'b/v/begun', 8);
    expect(turns.map((path) => path[0]).join('')).toBe('abababab');
  });

  it('do not starve a new one, though their users come and go and owe nothing then', () => {
    const queue = new KeyedLine<string>();
    const users = 20;
    const begun = Array.from({ length: users }, (_, i) => `a/u${i}/p`);
    for (const path of begun) pushCall(queue, path);
    for (let i = 0; i < 5 * users; i++) pushCall(queue, popCall(queue));
    pushCall(queue, 'a/late/new');
    let turns = 0;
    for (;;) {
      turns += 1;
      expect(turns).toBeLessThanOrEqual((2 + headStartMax) * users);
      const path = popCall(queue);
      if (path === 'a/late/new') break;
      pushCall(queue, path);
    }
    expect(turns).toBeGreaterThan(users);
  });

  it('have none at the end of a batch, which is when less is new than under way', () => {
    const queue = new KeyedLine<string>();
    for (const path of ['a/v/begun', 'a/w/other', 'a/x/third']) pushCall(queue, path);
    for (let i = 0; i < 3; i++) queue.pop();
    queue.settle(callOf('a/v/begun'), 10);
    pushCall(queue, 'a/u/new');
    pushCall(queue, 'a/v/begun');
    // Two are under way and one is new; with a head start the other one would go first.
    expect(queue.pop()).toBe('a/u/new');
    queue.settle(callOf('a/w/other'), 10);
    queue.settle(callOf('a/x/third'), 10);
    pushCall(queue, 'a/u/newer');
    expect(queue.pop()).toBe('a/v/begun');
  });

  it('are not taken for the end of a batch while more wait than twice those under way', () => {
    const queue = new KeyedLine<string>();
    for (let i = 0; i < 4; i++) pushCall(queue, `a/u/p${i}`, i);
    for (let i = 0; i < 4; i++) popCall(queue);
    for (const i of [3, 2, 1, 0]) pushCall(queue, `a/u/p${i}`, i);
    // None is new. The first goes by age; then one is under way and three wait.
    expect([queue.pop(), queue.pop()]).toEqual(['a/u/p0', 'a/u/p1']);
    // Two are under way and two wait: what has waited longest.
    expect(queue.pop()).toBe('a/u/p3');
  });
});

describe('classes of priority', () => {
  it('go in their order, and each that waits gets every eighth turn at least', () => {
    const queue = new KeyedLine<FairPlace>();
    const of = (priority: 'interactive' | 'normal' | 'batch') =>
      callsOf(queue, `a/${priority}`, 100, 90, { priority });
    of('batch');
    of('normal');
    of('interactive');
    const turns = served(queue, 80);
    expect(turns.slice(0, 7)).toEqual(Array.from({ length: 7 }, () => 'a/interactive'));
    expect(times(turns, 'a/batch')).toBeGreaterThanOrEqual(9);
    expect(times(turns, 'a/normal')).toBeGreaterThanOrEqual(9);
    expect(times(turns, 'a/interactive')).toBeGreaterThanOrEqual(58);
  });

  it('count nothing while nobody waits', () => {
    const queue = new KeyedLine<FairPlace>();
    callsOf(queue, 'a/u', 100, 50, { priority: 'interactive' });
    served(queue, 40);
    callsOf(queue, 'a/b', 100, 1, { priority: 'batch' });
    expect(served(queue, 8)).toEqual([...Array.from({ length: 7 }, () => 'a/u'), 'a/b']);
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
