/** The response formats that OpenAI's chat completions refuse. */
import { invalid, isMembers, type Members } from '../wire.ts';
import { checkToolName } from './check-name.ts';

export function checkResponseFormat(format: unknown): void {
  if (format === undefined) return;
  const type = isMembers(format) ? format['type'] : undefined;
  if (type === 'text' || type === 'json_object') return;
  const given = isMembers(format) && type === 'json_schema' ? format['json_schema'] : undefined;
  if (!isMembers(given)) invalid("Missing required parameter: 'response_format.json_schema'.");
  const name = checkToolName(given['name'], 'response_format.json_schema.name');
  const { schema, strict } = given;
  if (!isMembers(schema)) {
    invalid("Missing required parameter: 'response_format.json_schema.schema'.");
  }
  if (strict !== true) return;
  if (schema['type'] !== 'object') refuse(name, [], 'schema must be a JSON Schema of type object.');
  checkStrict(schema, name, []);
}

function refuse(name: string, path: readonly string[], reason: string): never {
  const context = path.map((part) => `'${part}'`).join(', ');
  return invalid(
    `Invalid schema for response_format '${name}': In context=(${context}), ${reason}`,
  );
}

function checkStrict(schema: unknown, name: string, path: readonly string[]): void {
  if (!isMembers(schema)) return;
  for (const keyword of ['allOf', 'not', 'if', 'oneOf', 'patternProperties']) {
    if (schema[keyword] !== undefined) refuse(name, path, `'${keyword}' is not permitted.`);
  }
  if (schema['type'] === 'object' || schema['properties'] !== undefined) {
    checkClosed(schema, name, path);
  }
  checkStrict(schema['items'], name, [...path, 'items']);
  for (const keyword of ['properties', '$defs', 'definitions']) {
    const parts = schema[keyword];
    if (!isMembers(parts)) continue;
    for (const key in parts) checkStrict(parts[key], name, [...path, keyword, key]);
  }
  const { anyOf } = schema;
  if (!Array.isArray(anyOf)) return;
  anyOf.forEach((one: unknown, i) => checkStrict(one, name, [...path, 'anyOf', String(i)]));
}

function checkClosed(schema: Members, name: string, path: readonly string[]): void {
  if (schema['additionalProperties'] !== false) {
    refuse(name, path, "'additionalProperties' is required to be supplied and to be false.");
  }
  const { properties = {}, required } = schema;
  const names = isMembers(properties) ? Object.keys(properties) : [];
  const missing = names.find((key) => !Array.isArray(required) || !required.includes(key));
  if (missing === undefined) return;
  refuse(
    name,
    path,
    `'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`,
  );
}
