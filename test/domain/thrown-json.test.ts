/** What a chart hears of anything thrown: plain JSON, bounded, and never nothing. */
import { describe, expect, it } from 'vitest';
import { HeddleError } from '../../src/domain/errors.ts';
import { recordOf } from '../../src/domain/failure.ts';
import { bytesOfJson, toJson } from '../../src/domain/json.ts';
import { limits } from '../../src/domain/limits.ts';
import { thrownJson } from '../../src/domain/thrown-json.ts';
import { oddKinds, oddValue } from '../support/odd-values.ts';

const told: readonly (readonly [string, unknown, unknown])[] = [
  ['a JSON object', { code: 409, items: [1] }, { code: 409, items: [1] }],
  ['a list', [1, 'two'], [1, 'two']],
  ['a text', 'no luck', 'no luck'],
  ['an error', new Error('no luck'), { name: 'Error', message: 'no luck' }],
  ['an error of a kind', new RangeError('too far'), { name: 'RangeError', message: 'too far' }],
  [
    'an error with fields',
    Object.assign(new Error('taken'), { code: 11_000, keyValue: { n: 1 }, socket: new Map() }),
    { name: 'Error', message: 'taken', code: 11_000, keyValue: { n: 1 } },
  ],
  [
    'causes',
    new Error('outer', { cause: new TypeError('inner', { cause: { status: 500 } }) }),
    {
      name: 'Error',
      message: 'outer',
      cause: { name: 'TypeError', message: 'inner', cause: { status: 500 } },
    },
  ],
  ['a number', 42, { name: 'Error', message: '42', value: 42 }],
  ['undefined', undefined, { name: 'Error', message: 'undefined' }],
  ['null', null, { name: 'Error', message: 'null', value: null }],
  ['a boolean', false, { name: 'Error', message: 'false', value: false }],
  ['no number', Number.NaN, { name: 'Error', message: 'NaN' }],
  [
    'a scalar as a cause',
    new Error('outer', { cause: 3 }),
    {
      name: 'Error',
      message: 'outer',
      cause: { name: 'Error', message: '3', value: 3 },
    },
  ],
  ['a bigint', 10n, { name: 'Error', message: '10' }],
  ['what toJSON says', { toJSON: () => ({ kind: 'said' }) }, { kind: 'said' }],
];

it.each(told)('%s', (_, thrown, json) => {
  expect(thrownJson(thrown)).toStrictEqual(json);
});

describe('whatever it is', () => {
  it.each(oddKinds)('%s', (kind) => {
    const json = thrownJson(oddValue(kind));
    expect(json === null || json === '' ? kind : 'told').toBe(
      json === '' ? 'an empty text' : 'told',
    );
    expect(toJson(json)).toStrictEqual(json);
    expect(bytesOfJson(json)).toBeLessThanOrEqual(limits.thrownBytesMax);
  });

  it('is cut where it is long, and keeps what has room', () => {
    const long = Object.assign(new Error('é"\n'.repeat(30_000)), { small: 1 });
    const json = thrownJson(long) as { readonly message: string };
    expect(json.message.length).toBeGreaterThan(5_000);
    expect(bytesOfJson(json as never)).toBeLessThanOrEqual(limits.thrownBytesMax);
    const fields = Object.assign(new Error('x'), { big: 'x'.repeat(70_000), small: 1 });
    expect(thrownJson(fields)).toEqual({ name: 'Error', message: 'x', small: 1 });
  });
});

describe('a record', () => {
  it("of heddle's own errors has nothing beside code, message and detail", () => {
    const own = new HeddleError('memory-conflict', { key: 'k', actual: 2, expected: 1 });
    expect(Object.keys(recordOf(own))).toEqual(['code', 'message', 'detail']);
    expect(recordOf(new Error('x'))).toEqual({
      code: 'error',
      message: 'x',
      thrown: { name: 'Error', message: 'x' },
    });
  });
});
