/** What JSON or Postgres would lose fails the run by name, or is taken as absent, never kept hot. */
import { describe, expect, it } from 'vitest';
import { assign, emit, fromPromise, raise, sendParent, setup } from 'xstate';
import { limits } from '../../src/domain/limits.ts';
import { settle } from '../../src/kernel/settle.ts';
import { Driver } from './driver.ts';

class Thing {
  readonly n = 1;
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = { in: value };
  return value;
}

const lost: readonly (readonly [string, unknown, string])[] = [
  ['an invalid Date', new Date(Number.NaN), 'an invalid Date does not survive JSON'],
  ['a Promise', Promise.resolve(1), 'a Promise does not survive JSON'],
  ['a Response', new Response('x'), 'a Response does not survive JSON'],
  ['an ArrayBuffer', new ArrayBuffer(1), 'a ArrayBuffer does not survive JSON'],
  ['bytes', new Uint8Array(1), 'a Uint8Array does not survive JSON'],
  ['an iterator', [1].values(), 'does not survive JSON'],
  ['a text as an object', new String('x'), 'a String does not survive JSON'],
  ['Math', Math, 'does not survive JSON'],
  [
    'a getter that throws',
    {
      get bad(): never {
        throw new Error('shut');
      },
    },
    'cannot be read: shut',
  ],
  ['a Map', new Map(), 'a Map does not survive JSON'],
  ['a class instance', new Thing(), 'a Thing does not survive JSON'],
  ['an Error', new Error('x'), 'a Error does not survive JSON'],
  ['a function', () => 1, 'function is lost in JSON'],
  ['a symbol', Symbol('x'), 'symbol is lost in JSON'],
  ['a bigint', 1n, 'bigint is lost in JSON'],
  ['NaN', NaN, 'is not a finite number'],
  ['infinity', -Infinity, 'is not a finite number'],
  ['negative zero', -0, 'negative zero is lost in JSON'],
  ['NUL', 'a\u0000', 'holds a NUL character'],
  ['a lone surrogate', 'a\ud800', 'lone surrogate'],
  ['undefined in a list', [undefined], 'undefined is lost in JSON'],
  ['a hole in a list', Object.assign([1], { 2: 2 }), 'holes or names beside its items'],
  ['what match gives', 'abc'.match(/b/), 'holes or names beside its items'],
  ['a key of symbols', { [Symbol('x')]: 1 }, 'symbol keys are lost'],
  ['__proto__', JSON.parse('{"__proto__":1}'), 'this key is not allowed'],
  ['a key with NUL', { 'a\u0000': 1 }, 'a key holds NUL'],
  ['what is too deep', nested(limits.jsonDepthMax), `nested deeper than ${limits.jsonDepthMax}`],
];

/** A chart that puts a value in each place from which something leaves a step. */
function chart(value: unknown) {
  return setup({ actors: { work: fromPromise(() => Promise.resolve(1)) } }).createMachine({
    id: 'keeps',
    context: { before: 1 },
    initial: 'a',
    states: {
      a: { on: { END: 'end', INVOKE: 'b' } },
      b: { invoke: { id: 'w', src: 'work', input: () => ({ value }) as never } },
      end: { type: 'final' },
    },
    output: () => ({ value }),
    on: {
      MORE: { actions: assign({ more: 1 }) },
      KEEP: { actions: assign({ value: () => value }) },
      EMIT: { actions: emit(() => ({ type: 'out', value }) as never) },
      PARENT: { actions: sendParent(() => ({ type: 'out', value }) as never) },
      DELAY: { actions: raise(() => ({ type: 'out', value }), { id: 'd', delay: 5 }) },
    },
  });
}

describe.each(lost)('%s', (_, value, words) => {
  it.each([
    ['KEEP', 'context.value'],
    ['END', 'output.value'],
    ['INVOKE', 'the input of "w".value'],
    ['EMIT', 'emitted event.value'],
    ['PARENT', 'sent event.value'],
    ['DELAY', 'the event of timer "send:d".value'],
  ])('by %s ends the run and names %s', (type, field) => {
    const run = new Driver(chart(value)).send(type);
    expect(run.state).toMatchObject({
      status: 'error',
      context: { before: 1 },
      error: { code: 'invalid-json' },
    });
    expect(run.state.error?.message.startsWith(field)).toBe(true);
    expect(run.state.error?.message).toContain(words);
    expect(run.effects).toEqual([]);
  });

  it('in a first context ends the run at its start', () => {
    const machine = setup({}).createMachine({ id: 'first', context: () => ({ value }) });
    const run = new Driver(machine);
    expect(run.state).toMatchObject({
      status: 'error',
      context: {},
      error: { code: 'invalid-json' },
    });
    expect(run.effects).toEqual([]);
  });

  it('in an event or input changes nothing and throws', () => {
    const run = new Driver(chart(1));
    const before = run.text;
    expect(() => run.send('KEEP', { value } as never)).toThrow(words);
    expect(() => new Driver(chart(1), { value } as never)).toThrow(words);
    expect(run.text).toBe(before);
    const working = run.send('INVOKE');
    expect(() => working.finish('w', { value } as never)).toThrow(words);
  });
});

describe('undefined properties', () => {
  it('are absent, hot as restored', () => {
    const run = new Driver(chart({ a: undefined, b: { c: undefined, d: [1] } })).send('KEEP');
    expect(run.state.context).toStrictEqual({ before: 1, value: { b: { d: [1] } } });
    const gone = new Driver(chart(undefined)).send('KEEP');
    expect(gone.state.context).toStrictEqual({ before: 1 });
  });

  it('as a whole input or output are absent', () => {
    const machine = setup({
      actors: { work: fromPromise(() => Promise.resolve(1)) },
    }).createMachine({
      id: 'none',
      initial: 'a',
      states: { a: { invoke: { id: 'w', src: 'work', onDone: 'b' } }, b: { type: 'final' } },
    });
    const run = new Driver(machine);
    expect(run.effects).toMatchObject([{ input: undefined }]);
    expect(run.finish('w').state.output).toBeUndefined();
  });
});

describe('what is kept', () => {
  it('keeps its order of keys and its odd keys', () => {
    const value = { z: 1, a: { constructor: 1, toString: 2 }, 2: 'two', 1: 'one', '': 0 };
    const run = new Driver(chart(value)).send('KEEP');
    expect(JSON.stringify(run.state.context)).toBe(JSON.stringify({ before: 1, value }));
  });

  it("may look like one of XState's actor references", () => {
    const value = { xstate$$type: 1, id: 'w' };
    const run = new Driver(chart(value)).send('KEEP').send('other');
    expect(run.state.context).toEqual({ before: 1, value });
  });

  it('is as deep as the bound', () => {
    const run = new Driver(chart(nested(limits.jsonDepthMax - 1))).send('KEEP');
    expect(run.state.status).toBe('active');
  });

  it('shares with the state of before what did not change, and is frozen', () => {
    const big = { list: [{ n: 1 }] };
    const run = new Driver(chart(big)).send('KEEP');
    const first = run.state.context as { value: unknown };
    run.send('MORE');
    expect(run.state.context).toMatchObject({ more: 1 });
    expect((run.state.context as { value: unknown }).value).toBe(first.value);
    expect(Object.isFrozen((first.value as typeof big).list[0])).toBe(true);
    expect(Object.isFrozen(big.list[0])).toBe(false);
  });
});

describe('settle', () => {
  it('finds a cycle by its depth', () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(() => settle(cycle, 'context')).toThrow('nested deeper');
  });

  it('gives an object without a prototype one', () => {
    const bare = Object.assign(Object.create(null) as object, { a: 1 });
    expect(settle(bare, 'context')).toStrictEqual({ a: 1 });
  });
});
