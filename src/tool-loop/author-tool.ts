/**
 * An author's tool: a Standard Schema for its arguments and an async function, run as a task. The model
 * reads each failure as a result: bad arguments, and a result that cannot be kept, at once; an exception
 * when the attempts of the task policy are used up.
 */
import type { Json } from '../domain/json.ts';
import { asText, refuseField } from '../domain/field.ts';
import { asOptions } from '../domain/options.ts';
import { schemaJson } from '../domain/schema-json.ts';
import { thrownText } from '../domain/thrown.ts';
import { task, type TaskArgs, type TaskPolicy } from '../kernel/catalogue.ts';
import type { ToolOffer } from '../domain/catalogue.ts';
import { objectRoot } from '../schema/object-root.ts';
import { checkedArguments } from './checked-arguments.ts';
import { errorText, resultText, toolError, type ToolText } from './result-text.ts';
import type { StandardSchema } from '../domain/standard-schema.ts';

/** A tool of the author's, as `tool` makes it. */
export type AuthorTool = {
  /** Tells the model what the tool does. */
  readonly description: string;
  /** The schema of the arguments: any Standard Schema. */
  readonly schema: StandardSchema;
  /**
   * Tells the model the form of the arguments: a JSON Schema of draft-07, 2019-09 or 2020-12, or a Standard Schema
   * that describes itself. Default: what `schema` says of itself.
   */
  readonly inputSchema?: Json | object;
  /** Runs at least once for each tool call, like any task: `idempotencyKey` is the same each time. */
  readonly run: (args: TaskArgs<never>) => Promise<unknown>;
};

/**
 * Makes a tool for `toolLoop`; the arguments of `run` have the type of the schema's output. The model gets
 * the result of `run` as a text, and also what `run` throws. Throws `invalid-field` for what is no tool.
 */
export function tool<Arguments>(of: {
  /** Tells the model what the tool does. */
  readonly description: string;
  /** The schema of the arguments: any Standard Schema. */
  readonly schema: StandardSchema<Arguments>;
  /** JSON Schema of the arguments, for the model. Default: what `schema` says of itself. */
  readonly inputSchema?: Json | object;
  /** Runs as a task: at least once for each call. */
  readonly run: (args: TaskArgs<Arguments>) => Promise<unknown>;
}): AuthorTool {
  return checkTool(of, 'tool');
}

export function checkTool(given: AuthorTool, field: string): AuthorTool {
  const of = asOptions(given, field, ['description', 'schema', 'inputSchema', 'run']);
  asText(of.description, `${field}.description`);
  const standard = (of.schema as Partial<StandardSchema> | null | undefined)?.['~standard'];
  if (typeof standard?.validate !== 'function') {
    refuseField(`${field}.schema`, 'must be a Standard Schema, such as one of zod');
  }
  if (typeof of.run !== 'function') refuseField(`${field}.run`, 'must be a function');
  return of;
}

/** Throws `invalid-field` when providers could not be told what the tool takes. */
export function offerOf(name: string, { description, schema, inputSchema }: AuthorTool): ToolOffer {
  const field = `toolLoop.tools.${name}.inputSchema`;
  return { name, description, inputSchema: objectRoot(toldBy(schema, inputSchema, field), field) };
}

/** Given beside the schema, or what the schema says of itself; not every schema says something. */
function toldBy(schema: StandardSchema, given: unknown, field: string): Json {
  if (given !== undefined) return schemaJson(given, field);
  try {
    return schemaJson(schema, 'its schema');
  } catch (thrown) {
    return refuseField(field, `must be given: ${thrownText(thrown).replace(/\.$/, '')}`);
  }
}

/** The tool as an actor of the chart. */
export function toolTask(
  name: string,
  { schema, run }: AuthorTool,
  policy: TaskPolicy,
  resultCharsMax: number,
) {
  return task<ToolText, unknown>(async ({ input, signal, idempotencyKey }) => {
    try {
      const checked = await checkedArguments(schema, input);
      if (checked.kind === 'wrong') {
        const words = `The arguments of ${name} do not fit. ${checked.words}`;
        return errorText(words, resultCharsMax);
      }
      // The schema has just made this value, and `run` takes the schema's output.
      const output = await run({ input: checked.value as never, signal, idempotencyKey });
      return resultText(output, resultCharsMax);
    } catch (error) {
      // The policy tries the task again. `toolError` makes the error's text fit for a run to keep.
      throw toolError(error, resultCharsMax);
    }
  }, policy);
}
