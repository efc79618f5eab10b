/** What a form gives back, which events it offers, and a run as a line for a shell. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { costWords } from '../../src/ui/look/amounts.ts';
import { draftOf, fieldsOf, valueOf } from '../../src/ui/look/form-values.ts';
import { acceptedEvents } from '../../src/ui/run/accepted-events.ts';
import { copiesOf, drawCommand } from '../../src/ui/run/copies.ts';

const schema = {
  type: 'object',
  required: ['topic', 'sure'],
  properties: {
    topic: { type: 'string' },
    note: { type: 'string' },
    words: { type: 'integer' },
    deep: { type: 'boolean' },
    sure: { type: 'boolean' },
    tone: { enum: ['calm', 'loud'] },
    any: { anyOf: [{ type: 'string' }, { type: 'null' }] },
  },
};

function written(initial: unknown, changes: Record<string, string | boolean> = {}): unknown {
  const fields = fieldsOf(schema, []);
  return valueOf(fields, { ...draftOf(fields, initial), ...changes }, initial);
}

describe('a form', () => {
  it('gives a value that nobody changed back as it was', () => {
    const value = fc.record(
      {
        topic: fc.string(),
        note: fc.string(),
        words: fc.integer(),
        deep: fc.boolean(),
        sure: fc.boolean(),
        tone: fc.constantFrom('calm', 'loud'),
        any: fc.option(fc.string()),
        more: fc.integer(),
      },
      { requiredKeys: ['topic', 'sure'], noNullPrototype: true },
    );
    fc.assert(
      fc.property(value, (given) => {
        expect(written(given)).toEqual({ value: given });
      }),
    );
  });

  it('takes what was written, and leaves out what may be', () => {
    expect(written(undefined, { topic: 'x', words: '7', deep: true, any: '"y"' })).toEqual({
      value: { topic: 'x', words: 7, deep: true, sure: false, any: 'y' },
    });
    expect(written({ topic: 'x', note: 'y', sure: true }, { note: '' })).toEqual({
      value: { topic: 'x', sure: true },
    });
    expect(written(undefined, { any: 'y' })).toEqual({
      wrong: expect.stringMatching(/^any is no JSON/) as unknown,
    });
  });

  it.each([
    ['.5', 0.5],
    ['-.5', -0.5],
    ['007', 7],
    ['5.', 5],
    ['1E3', 1_000],
    ['9007199254740992', 2 ** 53],
    ['9007199254740993', /^words is 9007199254740993 and would be kept as 9007199254740992/],
    ['1e400', /^words is 1e400, which is larger than any number/],
    ['1e-400', /^words is 1e-400 and would be kept as 0/],
    ['.', /^words is no JSON/],
    ['x', /^words is no JSON/],
  ])('takes the number %s for what it is, or refuses it by its field', (words, meant) => {
    const read = written({ topic: 'x', sure: true }, { words });
    const wrong = meant instanceof RegExp ? (expect.stringMatching(meant) as unknown) : null;
    expect(read).toEqual(
      wrong === null ? { value: { topic: 'x', sure: true, words: meant } } : { wrong },
    );
  });

  it('refuses a number that would be sent as another one, wherever it stands in JSON', () => {
    expect(written(undefined, { any: '{"of":[1,{"id":9007199254740993}]}' })).toEqual({
      wrong: expect.stringMatching(/^any\.of\.1\.id is 9007199254740993 /) as unknown,
    });
    expect(valueOf(null, { '': '1e999' }, undefined)).toEqual({
      wrong: expect.stringMatching(/^The value is 1e999,/) as unknown,
    });
  });

  it('has a value that nobody has written for null only where it may be left out', () => {
    for (const blank of ['', ' \n']) {
      expect(valueOf(null, { '': blank }, undefined)).toEqual({ value: null });
      expect(valueOf(null, { '': blank }, undefined, true)).toEqual({
        wrong: 'The value is needed.',
      });
      expect(written(undefined, { topic: 'x', any: blank, words: blank })).toEqual({
        value: { topic: 'x', sure: false },
      });
    }
    expect(valueOf(null, { '': 'null' }, undefined, true)).toEqual({ value: null });
  });

  it('has a field for each property only where these are all that may be asked for', () => {
    const properties = { kind: { type: 'string' } };
    const more = [{ anyOf: [{}] }, { oneOf: [{}] }, { allOf: [{}] }, { if: {} }, { $ref: '#' }];
    for (const further of [...more, { required: ['kind', 'x'] }, { required: ['toString'] }])
      expect(fieldsOf({ type: 'object', properties, ...further }, [])).toBeNull();
    expect(fieldsOf({ type: 'object', properties, required: ['kind'] }, [])).toHaveLength(1);
  });

  it('takes a field for itself that has the name of what each object inherits', () => {
    const properties = {
      constructor: { type: 'string', default: 'x' },
      valueOf: { type: 'string' },
    };
    const fields = fieldsOf({ type: 'object', properties }, []);
    expect(valueOf(fields, draftOf(fields, undefined), undefined)).toEqual({
      value: { constructor: 'x' },
    });
  });
});

describe('the events that a state takes', () => {
  const definition = {
    id: 'm',
    on: { STOP: '.end', 'order.*': '.b' },
    states: { a: { on: { GO: 'b' } }, b: { on: { '*': 'a' } }, end: {} },
  };
  const events = { 'order.paid': {}, 'order.sent': {}, other: {} };
  const of = (state: unknown) => acceptedEvents({ definition, events }, state);

  it('are its own and those of the states around it, by their names where one stands for many', () => {
    expect(of('a')).toEqual(['GO', 'STOP', 'order.paid', 'order.sent']);
    expect(of('b')).toEqual(['STOP', 'order.paid', 'order.sent', 'other']);
    expect(acceptedEvents({ definition: null, events }, 'a')).toEqual([]);
  });
});

describe('a run as a line for a shell', () => {
  const id = '01970000-0000-7000-8000-000000000000';

  it('reaches the run, with the prefix of an application and the token of a variable', () => {
    const { curl, command } = copiesOf(
      { id, tenant: 'looms' },
      { apiAt: 'https://x.test/ops', hasToken: true },
    );
    expect(curl).toBe(
      `curl -sS -H "Authorization: Bearer $HEDDLE_TOKEN" 'https://x.test/ops/v1/runs/${id}?tenant=looms'`,
    );
    expect(command).toBe(`heddle show ${id} --tenant looms --url https://x.test/ops`);
    expect(copiesOf({ id, tenant: 'a' }, { apiAt: '', hasToken: false }).curl).not.toContain('-H');
  });

  it('gives a shell each word as it is, whatever a tenant is called', () => {
    for (const tenant of ["it's", '$(touch x)', '`x`', 'a b', '\\', '"', 'ä/ö', '-']) {
      const { curl, command } = copiesOf({ id, tenant }, { apiAt: 'http://x', hasToken: false });
      const words = (line: string): string[] =>
        execFileSync('sh', ['-c', `set -- ${line}; printf '%s\\n' "$@"`], { encoding: 'utf8' })
          .trimEnd()
          .split('\n');
      expect(words(command)[4]).toBe(tenant);
      const of = { agent: tenant, version: tenant, as: 'mermaid', tenant };
      const drawn = words(drawCommand(of, 'http://x'));
      expect([drawn[3], drawn[5], drawn[9]]).toEqual([tenant, tenant, tenant]);
      expect(new URL(words(curl)[2] ?? '').searchParams.get('tenant')).toBe(tenant);
    }
  });
});

it('a small cost is not nothing', () => {
  expect([0, 0.000_42, 0.1 + 0.2, 1_234.5, 12.000_001].map(costWords)).toEqual([
    '0',
    '0.00042',
    '0.3',
    '1,234.5',
    '12',
  ]);
});
