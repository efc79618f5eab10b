/**
 * Requests that nobody in their senses sends, over all routes of the table: a route that is added is met by itself.
 * Each is made of what its route takes, with odd values in most places.
 */
import fc from 'fast-check';
import { z } from 'zod';
import type { Route } from '../../../src/api/route.ts';
import { routes } from '../../../src/api/routes.ts';

export type OddRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
};

const names = ['script', 'approval', 'torn', 'default', 'acme', 'ann', 'c', 'x'];
const runId = '01a228d2-d56b-735d-ba54-b1ab9c5db2ae';

const oddTexts = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '..',
  '../../etc/passwd',
  '%',
  '%zz',
  "'; drop table heddle.runs; --",
  '𝒳',
  '\uD800',
  'x'.repeat(300),
  'x'.repeat(5_000),
  '__proto__',
  'constructor',
  '-1',
  '0',
  '1e400',
  '99999999999999999999',
  'NaN',
  'null',
  'true',
  '[]',
  '{}',
  '2026-13-45',
  runId,
  runId.toUpperCase(),
];
const text = fc.oneof(fc.constantFrom(...names), fc.constantFrom(...oddTexts), fc.string());
const oddNumbers = [
  0,
  1,
  -1,
  0.5,
  1e21,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  Number.MAX_VALUE,
  5e-324,
  1_000,
];
const number = fc.constantFrom(...oddNumbers);
const oddJson = [
  '{',
  '[1,',
  '"\\ud800"',
  '1e999',
  '-0',
  '{"a":1,"a":2}',
  'undefined',
  '',
  '\u0000',
  'NaN',
];
/** By text, because JSON.stringify would never write some of these. */
const rawJson = fc.constantFrom(
  ...oddJson,
  `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
  `${'{"a":'.repeat(3_000)}1${'}'.repeat(3_000)}`,
  '{"__proto__":{"admin":true}}',
  '{"constructor":{"prototype":{"x":1}}}',
  JSON.stringify('x'.repeat(2_000_000)),
);
const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: text },
  { weight: 2, arbitrary: number },
  { weight: 1, arbitrary: fc.constantFrom(null, true, false, [], {}) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.array(text, { maxLength: 4 }) },
);

type Schema = {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
};

function schemaOf(schema: z.ZodType | undefined): Schema {
  if (schema === undefined) return { type: 'object', properties: {} };
  const options = { io: 'input', unrepresentable: 'any', reused: 'inline' } as const;
  const { $defs = {}, ...root } = z.toJSONSchema(schema, options) as {
    readonly $defs?: Readonly<Record<string, unknown>>;
  };
  // Schemas with a name of their own stand apart, and are referred to.
  const inline = (of: unknown, depth: number): unknown => {
    if (typeof of !== 'object' || of === null) return of;
    if (Array.isArray(of)) return of.map((one) => inline(one, depth));
    const { $ref } = of as { readonly $ref?: string };
    if ($ref !== undefined) {
      return depth > 5 ? {} : inline($defs[$ref.replace('#/$defs/', '')], depth + 1);
    }
    return Object.fromEntries(Object.entries(of).map(([key, one]) => [key, inline(one, depth)]));
  };
  return inline(root, 0) as Schema;
}

function fittingNumber({ minimum = 0, maximum = Infinity }: Schema): fc.Arbitrary<number> {
  const min = Math.max(minimum, 0);
  return fc.integer({ min, max: Math.min(maximum, min + 9) });
}

/** What fits, as far as a few words of the schema tell. */
function fitting(schema: Schema, isOdd = true): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const either = schema.anyOf ?? schema.oneOf;
  if (either !== undefined && either.length > 0)
    return fc.oneof(...either.map((one) => fitting(one, isOdd)));
  switch (schema.type) {
    case 'string':
      return fc.constantFrom(...names);
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return fittingNumber(schema);
    case 'array': {
      const { items = {}, minItems = 0 } = schema;
      return fc.array(fitting(items, isOdd), { minLength: minItems, maxLength: minItems + 2 });
    }
    case 'object':
      return isOdd ? oddObject(schema) : fittingObject(schema, false);
    default:
      return fc.jsonValue({ maxDepth: 1 });
  }
}

/** With what may be left out only where it may be odd. */
function fittingObject(
  { properties = {}, required = [] }: Schema,
  isOdd: boolean,
): fc.Arbitrary<object> {
  const parts = Object.entries(properties)
    .filter(([key]) => isOdd || required.includes(key))
    .map(([key, schema]) => [key, fitting(schema, isOdd)] as const);
  return fc.record(Object.fromEntries(parts), { requiredKeys: [...required] });
}

/** What fits, and in half of the cases with one field that is odd, or that nobody knows. */
function oddObject(schema: Schema, odd = value): fc.Arbitrary<object> {
  const keys = Object.keys(schema.properties ?? {});
  const fits = fittingObject(schema, true);
  const key = fc.oneof(
    { weight: 4, arbitrary: keys.length === 0 ? text : fc.constantFrom(...keys) },
    { weight: 1, arbitrary: text },
  );
  const one = fc.option(fc.tuple(key, odd), { freq: 1, nil: null });
  return fc
    .tuple(fits, one)
    .map(([given, other]) => (other === null ? given : { ...given, [other[0]]: other[1] }));
}

const encoded = (given: string): string => {
  try {
    return encodeURIComponent(given);
  } catch {
    return '%ED%A0%80';
  }
};

function pathOf({ path, query }: Route): fc.Arbitrary<string> {
  const params = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  const plain: Readonly<Record<string, string>> = { runId, scope: 'user' };
  const one = (name: string) =>
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(plain[name] ?? 'x', plain[name] ?? 'c') },
      { weight: 3, arbitrary: text.map(encoded) },
      { weight: 1, arbitrary: fc.constantFrom('%00', '%2F', '%', '%ff', '..', '', 'a%') },
    );
  const filled = fc.tuple(...params.map(one)).map((values) => {
    let at = 0;
    return path.replaceAll(/:\w+/g, () => values[at++] ?? 'x');
  });
  const { properties = {}, required = [] } = schemaOf(query);
  const asked = oddObject(
    { properties: { ...properties, tenant: { const: 'default' } }, required },
    text,
  );
  const search = asked.map((given) =>
    Object.entries(given)
      .map(([key, of]) => `${encoded(key)}=${encoded(String(of))}`)
      .join('&'),
  );
  const odd = fc.constantFrom('', '/', '//', '?', '?&&==', '?a[]=1&a[b]=2', '#x', '?%', ';x=1');
  return fc
    .tuple(
      filled,
      search,
      fc.oneof({ weight: 9, arbitrary: fc.constant('') }, { weight: 1, arbitrary: odd }),
    )
    .map(([base, of, end]) => `${base}${of === '' ? '' : `?${of}`}${end}`);
}

const headers = fc.record(
  {
    'content-type': fc.constantFrom(
      'application/json',
      'application/json; charset=utf-16',
      'text/plain',
      'multipart/form-data; boundary=x',
      'application/x-www-form-urlencoded',
      'application/json,application/json',
      ';',
    ),
    'content-encoding': fc.constantFrom('gzip', 'br', 'identity', 'x'),
    accept: fc.constantFrom('*/*', 'text/event-stream', 'application/xml', ';'),
    authorization: fc.constantFrom('Bearer', 'Bearer x', 'Basic eDp5', `Bearer ${'x'.repeat(600)}`),
    'idempotency-key': fc.constantFrom('k', '"k"', '', '"', 'é', 'x'.repeat(300)),
    'if-match': fc.constantFrom('"1"', '*', 'W/"1"', '"99999999999999999999"', ''),
    'if-none-match': fc.constantFrom('*', '"1"', ''),
    'last-event-id': fc.constantFrom('1', '-', '1.2.3', '99999999999999999999', 'x', '-1'),
    'x-forwarded-for': fc.constant('10.0.0.1'),
    origin: fc.constantFrom('null', 'http://evil.example'),
    expect: fc.constant('x'),
    range: fc.constant('bytes=0-1'),
  },
  { requiredKeys: [] },
);
const without = (all: object, keys: readonly string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(all).filter(([key]) => !keys.includes(key)));

/** Mostly those with which the request gets to its route. */
const someHeaders = fc.oneof(
  { weight: 8, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: headers },
  {
    weight: 2,
    arbitrary: headers.map((all) => without(all, ['authorization', 'origin', 'expect'])),
  },
);

function bodyOf({ body }: Route): fc.Arbitrary<string | null> {
  const shaped = fitting(schemaOf(body)).map((given) => JSON.stringify(given));
  return fc.oneof(
    { weight: 9, arbitrary: shaped },
    { weight: 1, arbitrary: value.map((given) => JSON.stringify(given)) },
    { weight: 1, arbitrary: rawJson },
    { weight: 1, arbitrary: fc.constant(null) },
  );
}

function requestOf(route: Route): fc.Arbitrary<OddRequest> {
  const usual = route.method === 'GET' || route.method === 'DELETE';
  return fc.record({
    method: fc.oneof(
      { weight: 20, arbitrary: fc.constant<string>(route.method) },
      {
        weight: 1,
        arbitrary: fc.constantFrom('PATCH', 'OPTIONS', 'HEAD', 'TRACE', 'DELETE', 'PUT'),
      },
    ),
    path: pathOf(route),
    headers: someHeaders,
    body: usual
      ? fc.oneof(
          { weight: 9, arbitrary: fc.constant(null) },
          { weight: 1, arbitrary: bodyOf(route) },
        )
      : bodyOf(route),
  });
}

export const oddRequest: fc.Arbitrary<OddRequest> = fc
  .constantFrom(...routes)
  .chain((route) => requestOf(route));

/** Bodies and queries that fit what the route takes, as far as its schemas tell. */
export function fittingParts({ body, query }: Route) {
  return fc.record({
    body: body === undefined ? fc.constant(undefined) : fitting(schemaOf(body), false),
    query: fittingObject(schemaOf(query), false),
  });
}
