/**
 * A chart as text that Stately Sketch reads: XState's config as JSON, made of the chart's definition.
 *
 * 1. Sketch asks a text what it is before it reads it, and takes one in which `import `, `createMachine(` or `setup(`
 *    stands for code, be it in a prompt. So these are written with JSON's codes for characters, which mean the same.
 * 2. Sketch shows an invocation by its source if that is a name: inline logic stands there by the name that it has.
 */
import { createMachine } from 'xstate';
import type { Json } from '../../domain/json.ts';

/** Throws what XState throws when the definition is none of a chart. */
export function sketchOf(definition: Json): string {
  const config = named(definition);
  // States are made as they are asked for: what XState cannot read, Sketch cannot either.
  void createMachine(config as never).root.definition;
  return `${plainly(JSON.stringify(config, null, 2))}\n`;
}

/** With the sources of invocations as names. */
function named(part: Json): Json {
  if (typeof part !== 'object' || part === null) return part;
  if (Array.isArray(part)) return part.map(named);
  const { states, invoke, ...rest } = part as Readonly<Record<string, Json>>;
  return {
    ...rest,
    ...(invoke === undefined
      ? {}
      : { invoke: Array.isArray(invoke) ? invoke.map(sourceNamed) : sourceNamed(invoke) }),
    ...(states === undefined ? {} : { states: statesNamed(states) }),
  };
}

function statesNamed(states: Json): Json {
  if (typeof states !== 'object' || states === null) return states;
  return Object.fromEntries(Object.entries(states).map(([key, state]) => [key, named(state)]));
}

function sourceNamed(invoke: Json): Json {
  const { src, ...rest } = (invoke ?? {}) as Readonly<Record<string, Json>>;
  if (typeof src !== 'object' || src === null || Array.isArray(src)) return invoke;
  const { type } = src as Readonly<Record<string, Json>>;
  return { ...rest, src: typeof type === 'string' ? type : '(inline)' };
}

function plainly(json: string): string {
  return json
    .replaceAll(/\bimport(?=\s)/g, 'impor\\u0074')
    .replaceAll(/\b(createMachine|setup)(\s*)\(/g, '$1$2\\u0028');
}
