import { expect, it } from 'vitest';
import { spanWords } from '../../src/library/why/span-words.ts';

it.each([
  [-5, '0 s'],
  [0, '0 s'],
  [449, '0.4 s'],
  [59_999, '59.9 s'],
  [60_000, '1 min'],
  [185_400, '3 min 5 s'],
  [3_600_000, '1 h'],
  [3_605_000, '1 h'],
  [7_800_000, '2 h 10 min'],
  [259_140_371, '2 d 23 h'],
  [86_400_000 * 400, '400 d'],
])('%d ms are %s', (ms, words) => {
  expect(spanWords(ms)).toBe(words);
});
