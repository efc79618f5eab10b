/** Values held against schemas of all dialects, each check within its time and free of the others. */
import { describe, expect, it } from 'vitest';
import { checkSchema } from '../../src/schema/check-schema.ts';
import { compileSchema } from '../../src/schema/compile-schema.ts';
import { RecentChecks } from '../../src/schema/recent-checks.ts';
import { within } from '../../src/schema/within.ts';

const draft07 = 'http://json-schema.org/draft-07/schema#';
const draft2019 = 'https://json-schema.org/draft/2019-09/schema';
const draft2020 = 'https://json-schema.org/draft/2020-12/schema';

describe('a check', () => {
  it('reads each dialect as its own', async () => {
    const pair = [{ type: 'string' }, { type: 'number' }];
    const tuples = [
      { $schema: draft07, items: pair, additionalItems: false },
      { $schema: draft2019, items: pair, unevaluatedItems: false },
      { $schema: draft2020, prefixItems: pair, items: false },
      { prefixItems: pair, items: false },
    ];
    for (const tuple of tuples) {
      const check = await compileSchema(tuple, 'f');
      expect(check(['a', 1])).toBeNull();
      expect(check([1, 1])).toContain('value/0 must be string');
      expect(check(['a', 1, 1])).not.toBeNull();
    }
  });

  it('is free of the ids of other schemas', async () => {
    const $id = 'https://example.com/same';
    const text = await compileSchema(
      { $id, type: 'object', properties: { a: { $ref: $id } } },
      'f',
    );
    const list = await compileSchema({ $id, type: 'array', items: { $ref: $id } }, 'f');
    expect(text({ a: { a: {} } })).toBeNull();
    expect(text({ a: { a: [] } })).toBe('value/a/a must be object');
    expect(list([[[]]])).toBeNull();
    expect(list([[{}]])).toBe('value/0/0 must be array');
  });

  it('takes unknown keywords and formats as annotations, and holds to the known formats', async () => {
    const schema = { id: 'x', example: 5, 'x-order': [1], format: 'color' };
    expect((await compileSchema(schema, 'f'))(1)).toBeNull();
    const check = await compileSchema({ type: 'string', format: 'date-time' }, 'f');
    expect(check('2026-01-01T00:00:00Z')).toBeNull();
    expect(check('soon')).toBe('value must match format "date-time"');
  });

  it('reads patterns that other engines take', async () => {
    const check = await compileSchema({ pattern: String.raw`^\d{3}\-\d{4}$` }, 'f');
    expect(check('555-1234')).toBeNull();
    const letters = await compileSchema({ pattern: String.raw`^\p{L}+$` }, 'f');
    expect(letters('né')).toBeNull();
    expect(letters('1')).not.toBeNull();
  });

  it('looks at own keys only', async () => {
    const check = await compileSchema({ required: ['constructor'] }, 'f');
    expect(check({})).toBe("value must have required property 'constructor'");
  });

  it('names what is wrong, in words of a bounded length', async () => {
    const answer = {
      type: 'object',
      properties: { n: { enum: [1, 2] } },
      additionalProperties: false,
    };
    const check = await compileSchema(answer, 'f');
    expect(check({ n: 3, m: 1 }, 'answer')).toBe(
      'answer must NOT have additional properties: "m", answer/n must be equal to one of the allowed values: [1,2]',
    );
    const list = await compileSchema({ items: { type: 'string', pattern: 'x'.repeat(900) } }, 'f');
    const words = list(Array.from({ length: 5_000 }, () => 'a')) ?? '';
    expect(words).toContain('and 4990 more');
    expect(words.length).toBeLessThan(5_000);
  });
});

describe('the limit of time', () => {
  it('ends a pattern that would take for ever', async () => {
    const check = await compileSchema({ type: 'string', pattern: '^(a+)+$' }, 'f');
    const beforeMs = performance.now();
    expect(check(`${'a'.repeat(60)}b`, 'answer')).toBe('checking answer takes longer than 500 ms');
    expect(performance.now() - beforeMs).toBeLessThan(10_000);
    expect(check('aaa')).toBeNull();
    expect(check('ab')).not.toBeNull();
  });

  it('holds for all of a value together', async () => {
    const check = await compileSchema({ items: { pattern: '^(a+)+$' } }, 'f');
    const beforeMs = performance.now();
    const values = Array.from({ length: 1_000 }, () => `${'a'.repeat(60)}b`);
    expect(check(values)).toContain('takes longer');
    expect(performance.now() - beforeMs).toBeLessThan(10_000);
  });

  it('is no bound for what is quick, and hands on what is thrown', () => {
    expect(within(10_000, () => 5)).toEqual({ result: 5 });
    expect(within(10_000, () => within(10_000, () => 'inner'))).toEqual({
      result: { result: 'inner' },
    });
    expect(() =>
      within(10_000, () => {
        throw new RangeError('mine');
      }),
    ).toThrow(new RangeError('mine'));
  });
});

describe('compiled checks', () => {
  it('are used again for a schema of the same content', async () => {
    const one = await compileSchema({ type: 'string' }, 'f');
    expect(await compileSchema({ type: 'string' }, 'g')).toBe(one);
  });

  it('are kept up to a bound, the newest of them', () => {
    const recent = new RecentChecks<number>();
    for (let n = 0; n < 1_000; n++) {
      recent.add(`${n}`, n);
      expect(recent.get('0')).toBe(0);
    }
    expect(recent.size).toBe(256);
    expect(recent.get('999')).toBe(999);
    expect(recent.get('1')).toBeUndefined();
    for (let n = 0; n < 100; n++) recent.add(`${n}${'x'.repeat(262_144)}`, n);
    expect(recent.size).toBeLessThan(20);
  });

  it('are refused with the field that was given', async () => {
    await expect(compileSchema({ type: 'no' }, 'generate.schema')).rejects.toMatchObject({
      code: 'invalid-field',
      detail: { field: 'generate.schema.type' },
    });
    expect(() => checkSchema({ type: 'no' }, 'ask.schema')).toThrow('ask.schema.type');
  });
});
