/**
 * The schemas of what an agent's runs take from outside. They are kept as JSON Schema, whatever library they
 * come from: so every process checks alike, also one that has not got the agent.
 */
import { HeddleError } from '../../domain/errors.ts';
import { asObject, refuseField } from '../../domain/field.ts';
import { bytesOfJson, type Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { schemaJson } from '../../domain/schema-json.ts';
import { isReservedType, reservedReason } from '../../kernel/chart-event.ts';
import type { Agent, AgentSchemas } from '../../kernel/port.ts';
import { checkSchema } from '../../schema/check-schema.ts';

/** Throws `invalid-field`, which names the schema and the part of it that is wrong. */
export function schemasOf(
  given: { readonly input: unknown; readonly events: unknown },
  field: string,
): AgentSchemas {
  const input = given.input === undefined ? null : checked(given.input, `${field}.input`);
  const events = given.events === undefined ? {} : eventsOf(given.events, `${field}.events`);
  if (bytesOfJson([input, events]) > limits.agentSchemasBytesMax) {
    refuseField(field, `has schemas of more than ${limits.agentSchemasBytesMax} bytes as JSON`);
  }
  return { input, events };
}

function eventsOf(given: unknown, field: string): Readonly<Record<string, Json>> {
  const entries = entriesOf(given, field);
  if (entries.length > limits.eventSchemasMax) {
    refuseField(field, `must name at most ${limits.eventSchemasMax} events`);
  }
  return Object.fromEntries(
    entries.map(([type, schema]) => {
      const at = `${field}.${type.slice(0, limits.nameCharsMax)}`;
      if (isReservedType(type)) refuseField(at, reservedReason);
      const json = checked(schema, at);
      const { properties, required } = json as { properties?: object; required?: unknown };
      const isNamed = Array.isArray(required) && required.includes('type');
      if (isNamed || (properties !== undefined && Object.hasOwn(properties, 'type'))) {
        refuseField(at, 'must leave out type, which the key says: it is of the fields beside it');
      }
      return [type, json];
    }),
  );
}

/** Read once. */
function entriesOf(given: unknown, field: string): [string, unknown][] {
  try {
    return Object.entries(asObject(given, field));
  } catch (error) {
    if (error instanceof HeddleError) throw error;
    return refuseField(field, 'cannot be read');
  }
}

function checked(given: unknown, field: string): Json {
  const json = schemaJson(given, field);
  checkSchema(json, field);
  return json;
}

/** A schema of an event that the chart never takes would check nothing: its name is misspelt. */
export function checkEventTypes(agent: Agent, field: string): void {
  for (const type of Object.keys(agent.schemas.events)) {
    if (agent.declares(type)) continue;
    const at = `${field}.${type.slice(0, limits.nameCharsMax)}`;
    refuseField(at, `is no event that chart ${agent.name} takes`);
  }
}
