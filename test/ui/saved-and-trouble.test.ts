/** Searches that somebody has named, and refusals in words. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorRegistry } from '../../src/domain/errors.ts';
import { readSaved, savedMax, withoutSaved, withSaved } from '../../src/ui/runs/saved.ts';
import { troubleWords } from '../../src/ui/shell/trouble/trouble-words.ts';

describe('saved searches', () => {
  it('come back as they were kept', () => {
    const names = fc.uniqueArray(fc.record({ name: fc.string({ minLength: 1 }), q: fc.string() }), {
      selector: ({ name }) => name,
      maxLength: savedMax,
    });
    fc.assert(
      fc.property(names, (all) => {
        expect(readSaved(JSON.stringify(all))).toEqual(all);
      }),
    );
  });

  it('are none where what is kept cannot be read', () => {
    for (const text of [
      null,
      '',
      '{',
      '7',
      'null',
      '{"name":"a","q":"b"}',
      '[1,null,{"name":"a"}]',
    ]) {
      expect(readSaved(text)).toEqual([]);
    }
  });

  it('take the place of their name, and are bounded', () => {
    const one = withSaved([], { name: ' mine ', q: 'state:open' });
    expect(one).toEqual([{ name: 'mine', q: 'state:open' }]);
    expect(withSaved(one, { name: 'mine', q: 'user:u1' })).toEqual([
      { name: 'mine', q: 'user:u1' },
    ]);
    expect(withSaved(one, { name: '  ', q: 'user:u1' })).toEqual(one);
    const full = Array.from({ length: savedMax }, (_, n) => ({ name: `n${n}`, q: 'state:open' }));
    expect(withSaved(full, { name: 'more', q: 'x' })).toHaveLength(savedMax);
    expect(withoutSaved(one, 'mine')).toEqual([]);
  });
});

describe('a refusal in words', () => {
  const of = (code: string, status: number) => troubleWords({ code, status });

  it('says what to do where the message alone does not', () => {
    expect(of('run-unknown', 404).title).toBe('There is no such run here.');
    expect(of('scope-missing', 403).todo).toContain('heddle tokens create');
    expect(of('unreachable', 0).title).toBe('heddle has not answered this.');
    expect(of('closing', 503).title).toBe('heddle has not answered this.');
    expect(of('anything', 404).title).toBe('There is no such thing here.');
    expect(of('anything', 500).title).toBe('heddle has failed to do this.');
    expect(of('anything', 422).todo).toBe('Nothing was changed.');
    expect(troubleWords(null).title).toBe('Something went wrong in this page.');
  });

  it('names codes that heddle gives', () => {
    for (const code of [
      'run-unknown',
      'agent-unknown',
      'entry-unknown',
      'version-missing',
      'queue-full',
    ]) {
      expect(Object.keys(errorRegistry)).toContain(code);
    }
  });
});
