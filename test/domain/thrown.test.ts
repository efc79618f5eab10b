/** Anything thrown becomes a record that can be stored: nothing that is thrown can throw again. */
import { describe, expect, it } from 'vitest';
import { HeddleError, toErrorRecord } from '../../src/domain/errors.ts';
import { isSafeText } from '../../src/domain/json.ts';
import { whenRejected } from '../../src/domain/thrown.ts';
import { oddKinds, oddValue, thenable } from '../support/odd-values.ts';

describe('a record of what was thrown', () => {
  it.each(oddKinds)('is made of %s', (kind) => {
    const record = toErrorRecord(oddValue(kind));
    expect(Object.keys(record)).toEqual(['code', 'message']);
    for (const text of [record.code, record.message]) {
      expect(isSafeText(text)).toBe(true);
      expect(text.length).toBeLessThanOrEqual(4_000);
    }
    expect(record.code).not.toBe('');
  });

  it('keeps a code and the words', () => {
    const thrown = Object.assign(new Error('no luck'), { code: 'E_LUCK' });
    expect(toErrorRecord(thrown)).toEqual({ code: 'E_LUCK', message: 'no luck' });
    expect(toErrorRecord('just words')).toEqual({ code: 'error', message: 'just words' });
    expect(toErrorRecord(Symbol('x')).message).toBe('Symbol(x)');
  });

  it("is bounded for an error of heddle's class too, whatever its detail is", () => {
    const detail = { reason: 'x\u0000'.repeat(5_000), n: Number.NaN, list: [1], ok: true } as never;
    const record = toErrorRecord(new HeddleError('run-failed', detail));
    expect(record).toMatchObject({
      code: 'run-failed',
      detail: { reason: 'x'.repeat(2_000), ok: true },
    });
    expect(Object.keys(record.detail ?? {})).toEqual(['reason', 'ok']);
    expect(isSafeText(JSON.stringify(record))).toBe(true);
  });
});

describe('a rejection', () => {
  it.each(oddKinds)('of a promise is heard: %s', async (kind) => {
    const heard = await new Promise((resolve) => {
      whenRejected(Promise.reject(oddValue(kind)), (reason) => resolve({ reason }));
    });
    expect(heard).toHaveProperty('reason');
  });

  it.each(oddKinds)('is not looked for in %s, but to no harm', (kind) => {
    expect(() => whenRejected(oddValue(kind), () => undefined)).not.toThrow();
  });

  it('of anything with a `then` is heard once', async () => {
    const reasons: unknown[] = [];
    const odd = thenable((_, reject) => {
      reject('first');
      reject('second');
      throw new Error('third');
    });
    whenRejected(odd, (reason) => reasons.push(reason));
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(reasons).toEqual(['first']);
  });
});
