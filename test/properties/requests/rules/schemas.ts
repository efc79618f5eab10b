/** JSON Schemas as vendors take them: the arguments of tools, and answers that a grammar holds to a schema. */
import { type Fields, fieldsAt, isFields, listAt, refuse } from './refusal.ts';

/** Unions at the root of a tool's schema are refused by Anthropic (claude-code#27337) and by OpenAI. */
const rootUnions = ['oneOf', 'allOf', 'anyOf'];

export function checkToolSchema(value: unknown, at: string): void {
  const schema = fieldsAt(value, at);
  if (schema['type'] !== 'object') refuse(`${at}.type: Input should be 'object'`);
  if (rootUnions.some((union) => union in schema)) {
    refuse(`${at}: input_schema does not support oneOf, allOf, or anyOf at the top level`);
  }
  if ('properties' in schema) fieldsAt(schema['properties'], `${at}.properties`);
  if ('required' in schema) listAt(schema['required'], `${at}.required`);
}

type Subset = {
  readonly keywords: readonly string[];
  /** Each property of an object must be required. */
  readonly requiresAll: boolean;
  readonly depthMax: number;
  readonly minItemsMax: number;
};

const shared =
  `$defs definitions $ref type properties required additionalProperties items enum const anyOf title
  description format`.split(/\s+/);

/** Of Anthropic's SDK. */
export const anthropicSubset: Subset = {
  keywords: [...shared, 'allOf', 'minItems', 'default'],
  requiresAll: false,
  depthMax: Infinity,
  minItemsMax: 1,
};

/** Of OpenAI's guide. */
export const openaiSubset: Subset = {
  keywords: [
    ...shared,
    ...'$schema pattern multipleOf minimum maximum exclusiveMinimum exclusiveMaximum'.split(' '),
    'minItems',
    'maxItems',
  ],
  requiresAll: true,
  depthMax: 10,
  minItemsMax: Infinity,
};

const formats = 'date-time time date duration email hostname uri ipv4 ipv6 uuid'.split(' ');

/** The whole schema of an answer, and each schema in it. */
export function checkAnswerSchema(value: unknown, at: string, subset: Subset): void {
  if (subset.requiresAll) {
    const { type, anyOf } = fieldsAt(value, at);
    if (type !== 'object' || anyOf !== undefined) {
      refuse(
        `Invalid schema for response_format: schema must be a JSON Schema of 'type: "object"'`,
      );
    }
  }
  checkPart(value, at, subset, 1);
}

function checkPart(value: unknown, at: string, subset: Subset, depth: number): void {
  const schema = fieldsAt(value, at);
  if (depth > subset.depthMax) refuse(`${at}: schema is nested deeper than ${subset.depthMax}`);
  const unknown = Object.keys(schema).find((keyword) => !subset.keywords.includes(keyword));
  if (unknown !== undefined) refuse(`${at}: '${unknown}' is not permitted`);
  if (schema['type'] === 'object' || 'properties' in schema) checkObject(schema, at, subset);
  const { minItems = 0, format, anyOf = [], allOf = [], items } = schema;
  if (typeof minItems !== 'number' || minItems > subset.minItemsMax) {
    refuse(`${at}: 'minItems' values other than 0 or 1 are not supported`);
  }
  if (format !== undefined && !formats.includes(String(format)) && !subset.requiresAll) {
    refuse(`${at}: format ${String(format)} is not supported`);
  }
  const inside = (part: unknown, key: string, deeper = 0): void =>
    checkPart(part, `${at}.${key}`, subset, depth + deeper);
  listAt(anyOf, `${at}.anyOf`).forEach((part, i) => inside(part, `anyOf.${i}`));
  listAt(allOf, `${at}.allOf`).forEach((part, i) => inside(part, `allOf.${i}`));
  if (items !== undefined) inside(items, 'items', 1);
  for (const key of ['properties', '$defs', 'definitions']) {
    const parts = isFields(schema[key]) ? Object.entries(schema[key]) : [];
    for (const [name, part] of parts) inside(part, `${key}.${name}`, key === 'properties' ? 1 : 0);
  }
}

function checkObject(schema: Fields, at: string, { requiresAll }: Subset): void {
  if (schema['additionalProperties'] !== false) {
    refuse(`${at}: For 'object' type, 'additionalProperties' must be explicitly set to false`);
  }
  const { properties = {}, required = [] } = schema;
  const names = Object.keys(fieldsAt(properties, `${at}.properties`));
  const listed = listAt(required, `${at}.required`);
  const missing = names.find((name) => !listed.includes(name));
  if (requiresAll && missing !== undefined) {
    refuse(`${at}: 'required' must include every key in properties. Missing '${missing}'.`);
  }
}
