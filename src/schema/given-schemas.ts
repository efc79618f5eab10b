/**
 * The schemas in the input of an `ask` or a `generate`, which a chart may give as Standard Schemas: as their JSON,
 * before the input is settled, so that what a run keeps is JSON. The arguments of a tool become what providers
 * take. Pure.
 */
import type { Json, JsonObject } from '../domain/json.ts';
import { limits } from '../domain/limits.ts';
import { isStandardSchema, schemaJson } from '../domain/schema-json.ts';
import { propertyOf } from '../domain/thrown.ts';
import { isObjectRoot, objectRoot } from './object-root.ts';

/** The input with JSON for its schemas; any other input as it is. Throws `invalid-field`. */
export function withSchemaJson(kind: string, input: unknown): unknown {
  if (kind !== 'ask' && kind !== 'generate') return input;
  const schema = propertyOf(input, 'schema');
  const tools = kind === 'generate' ? propertyOf(input, 'tools') : undefined;
  const given = {
    ...(isSchema(schema) ? { schema: schemaJson(schema, `${kind}.schema`) } : {}),
    ...(Array.isArray(tools) ? { tools: tools.map(offerOf) } : {}),
  };
  return Object.keys(given).length === 0 ? input : { ...(input as object), ...given };
}

/** What is no offer at all is refused with the rest of the input, when the call begins. */
function offerOf(tool: unknown, place: number): unknown {
  const given = propertyOf(tool, 'inputSchema');
  if (!isSchema(given) || isObjectRoot(given)) return tool;
  const name = propertyOf(tool, 'name');
  const at = typeof name === 'string' ? `.${name.slice(0, limits.nameCharsMax)}` : `[${place}]`;
  return { ...(tool as object), inputSchema: rootOf(given, `generate.tools${at}.inputSchema`) };
}

function isSchema(given: unknown): given is object {
  return (typeof given === 'object' && given !== null) || isStandardSchema(given);
}

type Made = { readonly text: string | null; readonly root: JsonObject };

/** Charts give the same object in each turn, and making its root costs as much as the rest of a turn. */
const made = new WeakMap<object, Made>();

/** A schema of a library does not change; JSON may, and is made anew then. */
function rootOf(given: object, field: string): JsonObject {
  const before = made.get(given);
  if (before?.text === null) return before.root;
  const json: Json = schemaJson(given, field);
  const text = isStandardSchema(given) ? null : JSON.stringify(json);
  if (before !== undefined && before.text === text) return before.root;
  const root = objectRoot(json, field);
  made.set(given, { text, root });
  return root;
}
