/**
 * What stands in the fields of a form, and the value that they mean. A value that nobody changes comes back as it was
 * given: fields that the schema does not name are kept, and one that was left out stays out. A number that would be sent
 * as another one is refused, as heddle refuses it in a body: heddle itself would only see what it has become.
 */
import { lostNumber, lostWords } from '../../domain/plain/exact-numbers.ts';

type Schema = {
  readonly type?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
};

export type Field = {
  readonly name: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
};

/** By name; of a form without fields, the JSON under ''. A box that nobody has touched and that may be left out is ''. */
export type Draft = Readonly<Record<string, string | boolean>>;

type Read = { readonly value: unknown } | { readonly wrong: string };

/** Each of them may ask for more than the properties that stand beside it. */
const furtherWords = ['anyOf', 'oneOf', 'allOf', 'if', '$ref'] as const;

/** Null: the value is written as JSON in whole, because it is no object, or one that needs more than its fields. */
export function fieldsOf(given: unknown, without: readonly string[]): readonly Field[] | null {
  const schema = (given ?? {}) as Schema;
  const { properties } = schema;
  if (schema.type !== 'object' || properties === undefined) return null;
  if (furtherWords.some((word) => Object.hasOwn(schema, word))) return null;
  if (schema.required?.some((name) => !Object.hasOwn(properties, name)) === true) return null;
  return Object.entries(properties)
    .filter(([name]) => !without.includes(name))
    .map(([name, of]) => ({
      name,
      schema: of,
      isRequired: schema.required?.includes(name) === true,
    }));
}

export function kindOf(schema: Schema): 'text' | 'number' | 'boolean' | 'enum' | 'json' {
  if (schema.enum?.every((one) => typeof one === 'string') === true) return 'enum';
  if (schema.type === 'string') return 'text';
  if (schema.type === 'number' || schema.type === 'integer') return 'number';
  return schema.type === 'boolean' ? 'boolean' : 'json';
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A field may have the name of something that every object inherits. */
const own = <Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;

export function draftOf(fields: readonly Field[] | null, initial: unknown): Draft {
  if (fields === null) return { '': initial === undefined ? '' : JSON.stringify(initial, null, 2) };
  const of = isRecord(initial) ? initial : {};
  return Object.fromEntries(
    fields.map(({ name, schema, isRequired }) => {
      const given = own(of, name);
      const value = given === undefined ? schema.default : given;
      const kind = kindOf(schema);
      if (kind === 'boolean' && (value !== undefined || isRequired)) return [name, value === true];
      if (value === undefined) return [name, ''];
      const isText = typeof value === 'string' && kind !== 'json';
      return [name, isText ? value : JSON.stringify(value)];
    }),
  );
}

/** `isNeeded`: a value that nobody has written is none; else it is null. */
export function valueOf(
  fields: readonly Field[] | null,
  draft: Draft,
  initial: unknown,
  isNeeded = false,
): Read {
  if (fields === null) {
    const text = String(draft[''] ?? '');
    if (text.trim() !== '') return readJson(text, 'The value');
    return isNeeded ? { wrong: 'The value is needed.' } : { value: null };
  }
  const given = isRecord(initial) ? initial : {};
  const named = new Set(fields.map(({ name }) => name));
  const entries = Object.entries(given).filter(([name]) => !named.has(name));
  for (const { name, schema, isRequired } of fields) {
    const written = own(draft, name) ?? '';
    const kind = kindOf(schema);
    if (typeof written === 'boolean') entries.push([name, written]);
    else if (kind === 'text') {
      if (written !== '' || isRequired || own(given, name) === '') entries.push([name, written]);
    } else if (written.trim() === '') {
      if (isRequired) return { wrong: `${name} is needed.` };
    } else if (kind === 'enum') entries.push([name, written]);
    else {
      const read = readJson(kind === 'number' ? numberText(written) : written, name);
      if ('wrong' in read) return read;
      entries.push([name, read.value]);
    }
  }
  return { value: Object.fromEntries(entries) };
}

/** What a browser takes for a number, such as `.5` and `007`, as JSON writes it; other texts as they are. */
function numberText(text: string): string {
  const [, sign, whole = '', part = '', exponent] =
    /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text.trim()) ?? [];
  if (sign === undefined || `${whole}${part}` === '') return text;
  const digits = whole.replace(/^0+(?=\d)/, '') || '0';
  return `${sign === '-' ? '-' : ''}${digits}${part && `.${part}`}${exponent === undefined ? '' : `e${exponent}`}`;
}

function readJson(text: string, name: string): Read {
  try {
    const value = JSON.parse(text) as unknown;
    const lost = lostNumber(text, name);
    return lost === null ? { value } : { wrong: `${lost.path} ${lostWords(lost)}.` };
  } catch (error) {
    return { wrong: `${name} is no JSON: ${error instanceof Error ? error.message : ''}` };
  }
}
