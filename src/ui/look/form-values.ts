/**
 * What stands in the fields of a form, and the value that they mean. A value that nobody changes comes back as it was
 * given: fields that the schema does not name are kept, and one that was left out stays out.
 */

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

/** Null: the value is written as JSON in whole. */
export function fieldsOf(given: unknown, without: readonly string[]): readonly Field[] | null {
  const schema = (given ?? {}) as Schema;
  if (schema.type !== 'object' || schema.properties === undefined) return null;
  return Object.entries(schema.properties)
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

export function draftOf(fields: readonly Field[] | null, initial: unknown): Draft {
  if (fields === null) return { '': initial === undefined ? '' : JSON.stringify(initial, null, 2) };
  const of = isRecord(initial) ? initial : {};
  return Object.fromEntries(
    fields.map(({ name, schema, isRequired }) => {
      const value = of[name] === undefined ? schema.default : of[name];
      const kind = kindOf(schema);
      if (kind === 'boolean' && (value !== undefined || isRequired)) return [name, value === true];
      if (value === undefined) return [name, ''];
      const isText = typeof value === 'string' && kind !== 'json';
      return [name, isText ? value : JSON.stringify(value)];
    }),
  );
}

export function valueOf(fields: readonly Field[] | null, draft: Draft, initial: unknown): Read {
  if (fields === null) return readJson(String(draft[''] ?? ''), 'The value');
  const given = isRecord(initial) ? initial : {};
  const named = new Set(fields.map(({ name }) => name));
  const value = Object.fromEntries(Object.entries(given).filter(([name]) => !named.has(name)));
  for (const { name, schema, isRequired } of fields) {
    const written = draft[name] ?? '';
    const kind = kindOf(schema);
    if (typeof written === 'boolean') value[name] = written;
    else if (written === '' && kind === 'text' && (isRequired || given[name] === ''))
      value[name] = '';
    else if (written === '') {
      if (isRequired) return { wrong: `${name} is needed.` };
    } else if (kind === 'text' || kind === 'enum') value[name] = written;
    else {
      const read = readJson(written, name);
      if ('wrong' in read) return read;
      value[name] = read.value;
    }
  }
  return { value };
}

function readJson(text: string, name: string): Read {
  try {
    return { value: text.trim() === '' ? null : (JSON.parse(text) as unknown) };
  } catch (error) {
    return { wrong: `${name} is no JSON: ${error instanceof Error ? error.message : ''}` };
  }
}
