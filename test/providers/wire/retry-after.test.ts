import { describe, expect, it } from 'vitest';
import { capacityDefaults } from '../../../src/domain/capacity-settings.ts';
import { readRetryAfter } from '../../../src/providers/wire/faults/fault.ts';

const { retryAfterMsMin, retryAfterMsMax } = capacityDefaults.given;

const nowMs = Date.parse('2026-11-24T12:00:00Z');
const reader = (headers: Record<string, string>) => (name: string) => headers[name] ?? null;
const after = (value: string) => readRetryAfter(reader({ 'retry-after': value }), nowMs);

describe('the wait that a provider asks for', () => {
  it.each([
    ['30', 30_000],
    [' 30 ', 30_000],
    ['1.5', 1_500],
    ['0', retryAfterMsMin],
    ['0.2', retryAfterMsMin],
    ['999999', retryAfterMsMax],
    ['Tue, 24 Nov 2026 12:00:10 GMT', 10_000],
    ['Tuesday, 24-Nov-26 12:00:10 GMT', 10_000],
    ['Tue, 24 Nov 2026 11:00:00 GMT', retryAfterMsMin],
    ['Wed, 25 Nov 2026 12:00:00 GMT', retryAfterMsMax],
    ['', null],
    ['-5', null],
    ['NaN', null],
    ['1e3', null],
    ['Infinity', null],
    ['soon', null],
    ['2026', 2_026_000],
    ['Tue, not a date at all', null],
    ['9'.repeat(400), null],
  ])('is read from %j', (value, expected) => {
    expect(after(value)).toBe(
      typeof expected === 'number' ? Math.min(expected, retryAfterMsMax) : expected,
    );
  });

  it('is taken in milliseconds first, and from the other header where that is nonsense', () => {
    const both = (ms: string) => reader({ 'retry-after-ms': ms, 'retry-after': '9' });
    expect(readRetryAfter(both('2500'), nowMs)).toBe(2_500);
    expect(readRetryAfter(both('20'), nowMs)).toBe(retryAfterMsMin);
    expect(readRetryAfter(both('x'), nowMs)).toBe(9_000);
    expect(readRetryAfter(reader({}), nowMs)).toBe(null);
  });
});
