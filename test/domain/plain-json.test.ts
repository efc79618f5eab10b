/** Anything becomes plain JSON that comes back as it went in, or is refused by its path: never another value. */
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { toJson } from '../../src/domain/json.ts';
import { limits } from '../../src/domain/limits.ts';
import { oddKinds, oddValue } from '../support/odd-values.ts';

class Point {
  readonly x = 1;
}

const foreign = (code: string): unknown => runInNewContext(code) as unknown;

const refused: readonly (readonly [string, unknown, string])[] = [
  ['a promise', Promise.resolve(1), 'a Promise does not survive JSON'],
  ['an error', new Error('x'), 'a Error does not survive JSON'],
  ['a response', new Response('x'), 'a Response does not survive JSON'],
  ['an ArrayBuffer', new ArrayBuffer(4), 'a ArrayBuffer does not survive JSON'],
  ['bytes', new Uint8Array(4), 'a Uint8Array does not survive JSON'],
  ['an iterator', new Map().entries(), 'does not survive JSON'],
  ['a generator', (function* () {})(), 'does not survive JSON'],
  ['a function', () => 1, 'function is lost in JSON'],
  ['a class', Point, 'function is lost in JSON'],
  ['a symbol', Symbol('x'), 'symbol is lost in JSON'],
  ['a bigint', 1n, 'bigint is lost in JSON'],
  ['a map', new Map([[1, 2]]), 'a Map does not survive JSON'],
  ['a set', new Set([1]), 'a Set does not survive JSON'],
  ['a pattern', /x/, 'a RegExp does not survive JSON'],
  ['a class instance', new Point(), 'a Point does not survive JSON'],
  ['a boxed text', new String('x'), 'a String does not survive JSON'],
  ['an invalid date', new Date(Number.NaN), 'an invalid Date does not survive JSON'],
  ["another realm's map", foreign('new Map()'), 'a Map does not survive JSON'],
  ["another realm's class instance", foreign('class A {}; new A()'), 'a A does not survive JSON'],
  ["another realm's invalid date", foreign('new Date(NaN)'), 'an invalid Date'],
  ['an object of an object', Object.create({ inherited: 1 }), 'does not survive JSON'],
  [
    'an object of a bare one',
    Object.create(Object.create(null) as object),
    'does not survive JSON',
  ],
  [
    'a list of a class of its own',
    new (class Ring extends Array {})(),
    'a Ring does not survive JSON',
  ],
  ['Math', Math, 'does not survive JSON'],
  ['a hole', Object.assign([1], { 2: 1 }), 'an array with holes'],
  ['a list with names', 'ab'.match(/b/), 'names beside its items'],
  ['not a number', Number.NaN, 'is not a finite number'],
  ['NUL', '\u0000', 'holds a NUL character'],
  ['half a character', '\ud800', 'lone surrogate'],
  ['symbol keys', { [Symbol('x')]: 1 }, 'symbol keys are lost in JSON'],
  ['__proto__', JSON.parse('{"__proto__":1}'), 'this key is not allowed'],
  ['what toJSON makes of it', { toJSON: () => new Map() }, 'a Map does not survive JSON'],
];

describe.each(refused)('%s', (_, value, words) => {
  it.each([
    ['value', value],
    ['value.in', { before: 1, in: value }],
    ['value[1]', [0, value]],
    ['value.a[0].b', { a: [{ b: value }] }],
  ])('is refused as %s', (path, whole) => {
    const refusal = { code: 'invalid-json', message: expect.stringContaining(words) };
    expect(() => toJson(whole)).toThrow(expect.objectContaining(refusal));
    expect(() => toJson(whole)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(path) }),
    );
  });
});

describe('undefined', () => {
  it('is absent: as a whole, and as a property', () => {
    expect(toJson(undefined)).toBeUndefined();
    expect(toJson({ a: undefined, b: { c: undefined } })).toStrictEqual({ b: {} });
    expect(toJson(null)).toBeNull();
  });
  it('in a list is refused by its place', () => {
    expect(() => toJson({ a: [1, undefined] })).toThrow('value.a[1]: undefined is lost in JSON');
  });
});

describe('toJSON is obeyed', () => {
  it('of dates, addresses and classes', () => {
    class Money {
      toJSON() {
        return { amount: 3, at: new Date(1) };
      }
    }
    expect(toJson({ at: new Date(0) })).toEqual({ at: '1970-01-01T00:00:00.000Z' });
    expect(toJson([new URL('http://a/')])).toEqual(['http://a/']);
    expect(toJson(new Money())).toEqual({ amount: 3, at: '1970-01-01T00:00:00.001Z' });
    expect(toJson({ a: { toJSON: () => undefined } })).toStrictEqual({});
  });
  it('with the key, as JSON.stringify does', () => {
    const keyed = { toJSON: (key: string) => key };
    const value = { a: keyed, b: [keyed] };
    expect(toJson(value)).toEqual(JSON.parse(JSON.stringify(value)));
  });
});

describe('what is looked at', () => {
  it('are own enumerable keys alone: schema libraries hide functions in others', () => {
    const schema = Object.defineProperty({ type: 'object' }, '~standard', {
      value: { validate: () => true },
      enumerable: false,
    });
    Object.defineProperty(schema, Symbol('hidden'), { value: () => 1 });
    const copy = toJson(schema) as object;
    expect(copy).toStrictEqual({ type: 'object' });
    expect(Object.getOwnPropertyNames(copy)).toEqual(['type']);
  });
  it("are objects and lists of any realm, for a test runner's own are plain", () => {
    const value = foreign('({ a: [{ b: 1 }], c: { d: null } })');
    expect(toJson(value)).toStrictEqual({ a: [{ b: 1 }], c: { d: null } });
  });
  it('are bare objects too', () => {
    expect(toJson(Object.assign(Object.create(null) as object, { a: 1 }))).toStrictEqual({ a: 1 });
  });
  it('are getters and proxies, once: what is kept is no longer theirs', () => {
    let reads = 0;
    const live = {
      get n() {
        reads += 1;
        return reads;
      },
    };
    const copy = toJson(new Proxy({ live }, {}));
    expect([copy, copy]).toStrictEqual([{ live: { n: 1 } }, { live: { n: 1 } }]);
    expect(reads).toBe(1);
  });
});

describe('a bound', () => {
  it.each(oddKinds)('holds, and no exception but a refusal comes, for %s', (kind) => {
    for (const value of [oddValue(kind), { in: oddValue(kind) }, [oddValue(kind)]]) {
      try {
        const copy = toJson(value);
        if (copy !== undefined) expect(JSON.parse(JSON.stringify(copy))).toStrictEqual(copy);
      } catch (error) {
        expect(['invalid-json', 'payload-too-large']).toContain((error as { code: string }).code);
      }
    }
  });
  it('of size counts bytes, not characters', () => {
    const half = limits.payloadBytesMax / 2;
    expect(toJson('x'.repeat(limits.payloadBytesMax - 2))).toHaveLength(limits.payloadBytesMax - 2);
    expect(() => toJson('x'.repeat(limits.payloadBytesMax - 1))).toThrow('is larger than');
    expect(() => toJson('é'.repeat(half))).toThrow('is larger than');
    expect(() => toJson('"'.repeat(half))).toThrow('is larger than');
    expect(() => toJson(Array.from({ length: 300_000 }, () => 1.5e-7))).toThrow('is larger than');
  });
  it('of depth is the same for lists and objects', () => {
    let deep: unknown = 1;
    for (let i = 0; i < limits.jsonDepthMax; i++) deep = i % 2 === 0 ? [deep] : { in: deep };
    expect(toJson(deep)).toEqual(deep);
    expect(() => toJson([deep])).toThrow(`nested deeper than ${limits.jsonDepthMax}`);
  });
});
