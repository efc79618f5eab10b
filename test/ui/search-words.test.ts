/** The search of the runs page: what is written comes back, what is meant is a filter, what is not understood is told. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  filterOf,
  openFilterOf,
  parseSearch,
  searchKeys,
  writeSearch,
} from '../../src/ui/runs/search-words.ts';

const values = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' });
const word = fc
  .record({
    key: fc.constantFrom(...searchKeys.filter((key) => !['state', 'phase', 'age'].includes(key))),
    value: values,
  })
  .filter(({ key, value }) => key !== 'tag' || !value.includes(','));

it('words are read as they were written', () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (words) => {
      expect(parseSearch(writeSearch(words))).toEqual({ words, unknown: [] });
    }),
  );
});

it.each([
  ['state:open', { status: expect.arrayContaining(['queued', 'paused']) as unknown }],
  ['state:ended', { status: ['completed', 'failed', 'cancelled'] }],
  ['state:queued state:paused', { status: ['queued', 'paused'] }],
  ['agent:a agent:b', { agent: 'b' }],
  ['tag:x tag:y', { tag: ['x', 'y'] }],
  ['id:0197 code:budget', { idPrefix: '0197', code: 'budget' }],
  ['age:>30s', { startedBelowMs: 970_000 }],
  ['age:<1m', { startedFromMs: 940_000 }],
  ['pipeline:"a b"', { pipeline: 'a b' }],
  [String.raw`user:"a \"b\" \\"`, { user: 'a "b" \\' }],
  ['state:calling-provider phase:in-slot', { status: ['calling-provider'], phase: 'in-slot' }],
  ['phase:answered phase:waits-for-slot', { phase: 'waits-for-slot' }],
  ['', {}],
])('%s', (text, filter) => {
  expect(filterOf(parseSearch(text), 1_000_000)).toEqual(filter);
});

it.each([
  'hello',
  'state:nothing',
  'phase:unknown',
  'phase:slot',
  'age:30',
  'age:>x',
  'colour:red',
  'agent:',
  'agent:"a',
  'tag:a,b',
])('%s is not understood', (text) => {
  const { words, unknown } = parseSearch(`${text} user:u1`);
  expect(words).toEqual([{ key: 'user', value: 'u1' }]);
  expect(unknown).toEqual([text]);
});

it('commands reach open runs alone', () => {
  expect(openFilterOf({ status: ['completed'] })).toBeNull();
  expect(openFilterOf({ code: 'x' })).toBeNull();
  // It would have passed before the command came.
  expect(openFilterOf({ phase: 'in-slot' })).toBeNull();
  expect(openFilterOf({ agent: 'a', status: ['completed', 'queued'] })).toEqual({
    agent: 'a',
    status: ['queued'],
  });
});
