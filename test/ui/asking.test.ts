/** Which answer is shown, which words stand in a path, and which keys an element takes itself. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWrittenIn, takesItself } from '../../src/ui/keys/own-keys.ts';
import { waitingWords } from '../../src/ui/operations/providers/line-words.ts';
import { plainNames } from '../../src/api/requests/path-names.ts';
import { pathWord } from '../../src/client/records/path-word.ts';
import { pathOf, wordsOf } from '../../src/ui/shell/router/address.ts';
import { QuestionOrder } from '../../src/ui/shell/ask/question-order.ts';

describe('an answer', () => {
  it('is void when something else was asked meanwhile', () => {
    const order = new QuestionOrder();
    const first = order.begun();
    const second = order.begun();
    expect(order.ended(second)).toEqual({ isDue: false });
    expect(order.ended(first)).toBeNull();
  });

  it('that takes longer than the time between two wishes to ask again is shown', () => {
    const order = new QuestionOrder();
    for (let n = 0; n < 3; n += 1) {
      const question = order.begun();
      expect([order.again(), order.again()]).toEqual([false, false]);
      expect(order.ended(question)).toEqual({ isDue: true });
    }
    expect(order.again()).toBe(true);
  });
});

describe('the words of a path', () => {
  it('come back as they were given', () => {
    const dots = fc.stringMatching(/^~{0,3}\.{1,3}$/);
    const word = fc.oneof(fc.string({ minLength: 1, unit: 'grapheme' }), dots);
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const { pathname } = new URL(pathOf('/ops/ui', words), 'http://heddle');
        expect(wordsOf(pathname, '/ops/ui')).toEqual(words);
      }),
    );
  });

  it('of the API are read as they were written, `.` and `..` too', () => {
    const word = fc.oneof(fc.string({ minLength: 1 }), fc.stringMatching(/^~{0,3}\.{1,3}$/));
    fc.assert(
      fc.property(word, word, (owner, key) => {
        const { pathname } = new URL(`http://heddle/v1/${pathWord(owner)}/${pathWord(key)}`);
        const [, , ...words] = pathname.split('/').map(decodeURIComponent);
        expect(plainNames({ owner: words[0], key: words[1] })).toEqual({ owner, key });
      }),
    );
  });

  it('that are no encoding stand for themselves', () => {
    expect(wordsOf('/ui/agents/100%', '/ui')).toEqual(['agents', '100%']);
    expect(wordsOf('/ui/channels/%E0%A4%A', '/ui')).toEqual(['channels', '%E0%A4%A']);
  });
});

it('a button keeps enter and space, a link enter, and a row neither', () => {
  const within = (tag: string) => ({
    closest: (selectors: string) => (selectors.split(/[[,\s]+/).includes(tag) ? {} : null),
  });
  expect([takesItself('Enter', within('button')), takesItself(' ', within('button'))]).toEqual([
    true,
    true,
  ]);
  expect([takesItself('Enter', within('a')), takesItself(' ', within('a'))]).toEqual([true, false]);
  expect(takesItself('Enter', within('div'))).toBe(false);
  expect(takesItself('p', within('button'))).toBe(false);
});

it('calls in several lines are not counted twice, nor left out', () => {
  expect(waitingWords([])).toBe('0');
  expect(waitingWords([7, 0])).toBe('7');
  expect(waitingWords([5, 3])).toBe('5 to 8');
});

it('keys are the page’s where nobody writes: beside a box that is ticked, and on a slider', () => {
  const written = (tagName: string, type?: string): boolean =>
    isWrittenIn(type === undefined ? { tagName } : { tagName, type });
  for (const type of ['checkbox', 'radio', 'range']) expect(written('INPUT', type)).toBe(false);
  for (const type of ['text', 'number', 'password', 'search', 'date'])
    expect(written('INPUT', type)).toBe(true);
  for (const tag of ['TEXTAREA', 'SELECT']) expect(written(tag)).toBe(true);
  for (const tag of ['BUTTON', 'A', 'DIV']) expect(written(tag)).toBe(false);
});
