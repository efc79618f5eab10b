/** What a run keeps comes back from JSON as it was, or is refused: for any value there is. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HeddleError } from '../../src/domain/errors.ts';
import { toJson } from '../../src/domain/json.ts';
import { settle } from '../../src/kernel/settle.ts';

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withSparseArray: true,
  withObjectString: true,
  withTypedArray: true,
  maxDepth: 4,
});

function isFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isFrozen);
}

test('what settles is what JSON gives back, frozen, and settles again as itself', () => {
  let settled = 0;
  fc.assert(
    fc.property(fc.oneof(anything, fc.jsonValue(), fc.object()), (value) => {
      let rest;
      try {
        rest = settle(value, 'value');
      } catch (error) {
        expect(error).toBeInstanceOf(HeddleError);
        expect(error).toMatchObject({ code: 'invalid-json' });
        return;
      }
      settled++;
      if (rest !== undefined) expect(toJson(rest)).toStrictEqual(rest);
      expect(JSON.parse(JSON.stringify(rest) ?? 'null')).toStrictEqual(rest ?? null);
      expect(isFrozen(rest)).toBe(true);
      expect(settle(rest, 'value', rest)).toBe(rest);
      // Nothing but undefined properties was left out.
      expect(JSON.stringify(rest)).toBe(JSON.stringify(value));
    }),
    { numRuns: 5_000 },
  );
  expect(settled).toBeGreaterThan(1_000);
});

test("JSON settles as it is, and stays its author's", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      let rest;
      try {
        rest = settle(value, 'value');
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid-json' });
        return;
      }
      expect(rest).toStrictEqual(value);
      if (typeof value === 'object' && value !== null) expect(Object.isFrozen(value)).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});

test('a value that shares parts with one at rest settles as it would alone', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.dictionary(fc.string(), anything),
      (first, second) => {
        let before;
        try {
          before = settle(first, 'value');
        } catch {
          return;
        }
        const merged = { ...(before as object), ...second };
        const outcome = (known: unknown): unknown => {
          try {
            return JSON.stringify(settle({ ...merged }, 'value', known));
          } catch (error) {
            return (error as HeddleError).message;
          }
        };
        expect(outcome(before)).toBe(outcome(undefined));
      },
    ),
    { numRuns: 2_000 },
  );
});
