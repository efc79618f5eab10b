/** Numbers of JSON texts that a double does not hold, found by where they stand. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lostNumber, lostWords } from '../../src/domain/plain/exact-numbers.ts';

it('whatever a program has written of its doubles is kept', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })), (numbers) => {
      expect(lostNumber(JSON.stringify(numbers), 'body')).toBe(null);
    }),
  );
});

/** The number as a whole one, times ten to a power that both have. */
function scaled(text: string): bigint {
  const [, sign = '', whole = '', part = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const shift = 400 + Number(exponent) - part.length;
  return BigInt(`${sign}${whole}${part}`) * 10n ** BigInt(shift);
}

it('a number is lost exactly when it is whole and another one after a parse, or nothing is left of it', () => {
  const digits = fc.stringMatching(/^(0|[1-9]\d{0,24})$/);
  const rest = fc.stringMatching(/^(\.\d{1,24})?([eE][+-]?\d{1,2})?$/);
  fc.assert(
    fc.property(fc.constantFrom('', '-'), digits, rest, (sign, whole, more) => {
      const text = `${sign}${whole}${more}`;
      const number = JSON.parse(text) as number;
      const [given, kept] = [scaled(text), scaled(JSON.stringify(number))];
      const isFraction = given % 10n ** 400n !== 0n;
      const isKept = given === kept || (isFraction && kept !== 0n);
      expect(lostNumber(`{"a":[1,${text}]}`, 'body')?.path ?? null).toBe(
        isKept ? null : 'body.a.1',
      );
    }),
    { numRuns: 2_000 },
  );
});

it.each([
  ['{"a":{"b":[0,{"c":-1e400}]}}', 'body.a.b.1.c', '-1e400', 'null'],
  ['-1e-400', 'body', '-1e-400', '0'],
  ['[[],{},[1e400]]', 'body.2.0', '1e400', 'null'],
  ['{"x\\"y":1e-400,"z":1e400}', 'body.x"y', '1e-400', '0'],
  [
    '{"s":"-0, 1e400 and 9007199254740993","n":9007199254740993}',
    'body.n',
    '9007199254740993',
    '9007199254740992',
  ],
  ['{"n": -90071992547409.93e2 }', 'body.n', '-90071992547409.93e2', '-9007199254740992'],
  ['{"a":1,"a":18446744073709551616}', 'body.a', '18446744073709551616', '18446744073709552000'],
])('%s', (text, path, written, kept) => {
  expect(lostNumber(text, 'body')).toEqual({ path, written, kept });
});

it('says what would be kept, and what to do', () => {
  const words = (text: string) => lostWords(lostNumber(text, 'n')!);
  expect(words('9007199254740993')).toBe(
    'is 9007199254740993 and would be kept as 9007199254740992; send it as a text',
  );
  expect(words('1e400')).toContain('larger than any number that can be kept');
  expect(words(`1${'0'.repeat(500)}`).length).toBeLessThan(200);
});

it('a large body of odd strings is read in one go', () => {
  const odd = JSON.stringify([
    '\n"\\'.repeat(300_000),
    'x'.repeat(2_000_000),
    '"e1'.repeat(200_000),
  ]);
  expect(lostNumber(`[${odd},1e400]`, 'body')?.path).toBe('body.1');
  const deep = `[${'['.repeat(5_000)}1e400${']'.repeat(5_000)}]`;
  expect(lostNumber(deep, 'body')?.written).toBe('1e400');
});

it.each(['0.1000000000000000055', '0.10000000000000001', '-0', '-0.0', '0e9999', '-0.00e-400'])(
  'what others write of a double is kept: %s',
  (text) => expect(lostNumber(`[1e1,${text}]`, 'body')).toBe(null),
);

it('a number of millions of digits is read in one go', () => {
  const zeros = '0'.repeat(4_000_000);
  expect(lostNumber(`[0.1${zeros}1]`, 'body')).toBe(null);
  expect(lostNumber(`[1.${zeros}1]`, 'body')).toBe(null);
  expect(lostNumber(`[1${zeros}1]`, 'body')?.kept).toBe('null');
  expect(lostNumber(`[${zeros.replace('0', '1')}]`, 'body')?.kept).toBe('null');
  expect(lostNumber(`[0.${zeros}1]`, 'body')?.kept).toBe('0');
});
