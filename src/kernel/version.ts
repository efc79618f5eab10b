/**
 * Two texts of a chart: its definition, for people, and its build, a hash of everything that
 * decides its behaviour.
 */
import type { AnyStateMachine } from 'xstate';
import type { Json } from '../domain/json.ts';
import { toSafeText } from '../domain/json.ts';
import { describedSchema } from '../domain/schema-json.ts';
import { hash64 } from './hash.ts';
import { isActorLogic, isStateMachine, sourceOf } from './sources.ts';
import { structureOf } from './structure.ts';

/**
 * The config as JSON: functions become `{ type: name }`, and values that are no JSON are left out.
 */
export function definitionOf(machine: AnyStateMachine): Json {
  return define(configOf(machine), 0) ?? null;
}

/** The config without its schemas: they validate nothing in XState 5 and may have any value. */
function configOf(machine: AnyStateMachine): unknown {
  const { schemas: _, ...config } = machine.config as Record<string, unknown>;
  return config;
}

const deepest = 48;

/**
 * Inline logic counts by its name, as logic in `setup({ actors })` does. A chart is also a net of
 * states that refer to each other, so walking through it would not end.
 */
function nameOfLogic(logic: unknown): string {
  return isStateMachine(logic) ? toSafeText(logic.id) : '(inline)';
}

function define(given: unknown, depth: number): Json | undefined {
  const value = describedSchema(given) ?? given;
  switch (typeof value) {
    case 'string':
      return toSafeText(value);
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value + 0 : undefined;
    case 'function': {
      const { type, name } = value as { readonly type?: unknown; readonly name: string };
      return { type: toSafeText(typeof type === 'string' ? type : name || '(inline)') };
    }
    case 'object': {
      if (value === null) return null;
      if (depth > deepest) return undefined;
      if (isActorLogic(value)) return { type: nameOfLogic(value) };
      if (Array.isArray(value)) return value.map((item) => define(item, depth + 1) ?? null);
      const parts: Record<string, Json> = {};
      for (const [key, item] of Object.entries(value)) {
        const part = key === '__proto__' ? undefined : define(item, depth + 1);
        if (part !== undefined) parts[toSafeText(key)] = part;
      }
      return parts;
    }
    default:
      return undefined;
  }
}

/** The hashes of a chart: of the parts on which runs depend, and of the code that acts on them. */
export type ChartHashes = {
  /** See `structure.ts`: the default version. */
  readonly structure: string;
  /** The default version in heddle 0.1.0, which runs from that time still have. */
  readonly text: string;
  /** A hash of both: it tells which code took a turn, and on which structure. */
  readonly build: string;
};

export function hashesOf(machine: AnyStateMachine): ChartHashes {
  const [structure, text] = [structureOf(machine), textOf(machine)];
  return { structure, text, build: `${structure}.${text}` };
}

/** True for null, which a run of 0.1.0 has: it may have any structure. */
export function isOtherStructure(build: string | null, structure: string): boolean {
  return build === null || !build.startsWith(`${structure}.`);
}

/**
 * 64 bits over the chart's config and over the source of its guards, actions and delays. Tasks and
 * child charts count by name alone. Gotcha: the text of a function depends on the compiler.
 */
function textOf(machine: AnyStateMachine): string {
  const { actors, actions, guards, delays } = machine.implementations;
  const sources = Object.entries(actors).map(([key, logic]) => [key, sourceOf(key, logic)]);
  const parts: string[] = [];
  write([configOf(machine), actions, guards, delays, sources], parts, new Set());
  return hash64(parts.join(''));
}

function write(given: unknown, parts: string[], above: Set<unknown>): void {
  // A schema of a library is a net of objects with no end.
  const value = describedSchema(given) ?? given;
  if (typeof value === 'function') {
    parts.push(`function ${value.toString()}`);
    writeFields(value, parts, above);
  } else if (isActorLogic(value)) {
    parts.push(`logic ${nameOfLogic(value)};`);
  } else if (typeof value === 'object' && value !== null) {
    // Dates and the like have no fields, but a JSON of their own; patterns have neither.
    if ('toJSON' in value) parts.push(JSON.stringify(value));
    if (value instanceof RegExp) parts.push(value.source, value.flags);
    writeFields(value, parts, above);
  } else {
    parts.push(`${typeof value} ${String(value)};`);
  }
}

function writeFields(value: object, parts: string[], above: Set<unknown>): void {
  if (above.has(value)) return void parts.push('cycle;');
  above.add(value);
  parts.push(Array.isArray(value) ? '[' : '{');
  for (const [key, item] of Object.entries(value)) {
    parts.push(JSON.stringify(key), ':');
    write(item, parts, above);
  }
  parts.push('}');
  above.delete(value);
}
