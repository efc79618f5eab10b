/** Types as TypeScript writes them, from JSON Schemas: as far as the API's own schemas go. */

type Schema = {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
};

/** `any`: what stands for a schema that takes everything. */
export function typeText(given: unknown, any: string): string {
  const root = given as Schema;
  const text = (schema: Schema): string => {
    if (schema.$ref !== undefined) {
      const named = root.$defs?.[schema.$ref.replace('#/$defs/', '')];
      if (named === undefined) throw new Error(`${schema.$ref} is not there`);
      return text(named);
    }
    if ('const' in schema) return JSON.stringify(schema.const);
    if (schema.enum !== undefined) return schema.enum.map((one) => JSON.stringify(one)).join(' | ');
    if (schema.anyOf !== undefined) return schema.anyOf.map((one) => `(${text(one)})`).join(' | ');
    if (typeof schema.type === 'object') {
      return schema.type.map((type) => `(${text({ ...schema, type })})`).join(' | ');
    }
    switch (schema.type) {
      case undefined:
        return any;
      case 'string':
      case 'boolean':
      case 'null':
        return schema.type;
      case 'number':
      case 'integer':
        return 'number';
      case 'array':
        return `readonly (${text(schema.items ?? {})})[]`;
      case 'object':
        return objectText(schema, text, any);
      default:
        throw new Error(`a type of ${schema.type} is not known here`);
    }
  };
  return text(root);
}

function objectText(schema: Schema, text: (one: Schema) => string, any: string): string {
  const { properties = {}, required = [], additionalProperties: rest } = schema;
  const fields = Object.entries(properties).map(([name, one]) => {
    const mark = required.includes(name) ? '' : '?';
    return `readonly ${JSON.stringify(name)}${mark}: ${text(one)};`;
  });
  if (typeof rest === 'object') {
    const value = Object.keys(rest).length === 0 ? 'unknown' : text(rest);
    fields.push(`readonly [key: string]: ${fields.length === 0 ? value : 'unknown'};`);
  } else if (rest === true) {
    fields.push(`readonly [key: string]: ${any};`);
  }
  return `{ ${fields.join(' ')} }`;
}
