/**
 * An author's tool: a Standard Schema for its arguments and an async function, run as a task. The model
 * reads each failure as a result: bad arguments, and a result that cannot be kept, at once; an exception
 * when the attempts of the task policy are used up.
 */
import type { Json } from '../domain/json.ts';
import { asBoolean, asText, asWhole, refuseField } from '../domain/field.ts';
import { checkName } from '../domain/ids.ts';
import { limits } from '../domain/limits.ts';
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
  /**
   * Whether a person must allow a call before it is carried out: always, or where the function does not say
   * `false`. The function is pure. It gets the arguments as `run` gets them, and what it throws means ask.
   */
  readonly needsApproval?: boolean | ((input: never) => boolean);
  /** The person or group that the approval is asked of, by a name of the host's. */
  readonly assignee?: string;
  /** From the call to its result, over all attempts. Default: that of the loop's task policy. */
  readonly timeoutMs?: number;
  /** Further attempts after a first one that throws. Default: those of the loop's task policy. */
  readonly retries?: number;
  /** Calls of such tools in one answer are carried out one after the other, in order. Default: side by side. */
  readonly serial?: boolean;
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
  /**
   * Whether a person must allow a call before it is carried out: always, or where the function does not say
   * `false`. The function is pure. It gets the arguments as `run` gets them, and what it throws means ask.
   */
  readonly needsApproval?: boolean | ((input: Arguments) => boolean);
  /** The person or group that the approval is asked of, by a name of the host's. */
  readonly assignee?: string;
  /** From the call to its result, over all attempts. Default: that of the loop's task policy. */
  readonly timeoutMs?: number;
  /** Further attempts after a first one that throws. Default: those of the loop's task policy. */
  readonly retries?: number;
  /** Calls of such tools in one answer are carried out one after the other, in order. Default: side by side. */
  readonly serial?: boolean;
  /** Runs as a task: at least once for each call. */
  readonly run: (args: TaskArgs<Arguments>) => Promise<unknown>;
}): AuthorTool {
  return checkTool(of, 'tool');
}

/** One less than the attempts that a task may have. */
const retriesMax = 9_999;

const toolKeys = [
  'description',
  'schema',
  'inputSchema',
  'run',
  'needsApproval',
  'assignee',
  'timeoutMs',
  'retries',
  'serial',
] as const;

export function checkTool(given: AuthorTool, field: string): AuthorTool {
  const of = asOptions(given, field, toolKeys);
  asText(of.description, `${field}.description`);
  const standard = (of.schema as Partial<StandardSchema> | null | undefined)?.['~standard'];
  if (typeof standard?.validate !== 'function') {
    refuseField(`${field}.schema`, 'must be a Standard Schema, such as one of zod');
  }
  if (typeof of.run !== 'function') refuseField(`${field}.run`, 'must be a function');
  const { needsApproval = false } = of;
  if (typeof needsApproval !== 'function') {
    asBoolean(needsApproval, `${field}.needsApproval`, false);
  }
  if (of.assignee !== undefined) checkName(of.assignee, `${field}.assignee`);
  asBoolean(of.serial, `${field}.serial`, false);
  asWhole(of.retries, `${field}.retries`, { min: 0, max: retriesMax, fallback: 0 });
  asWhole(of.timeoutMs, `${field}.timeoutMs`, { min: 1, max: limits.delayMsMax, fallback: null });
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

/** For the model, which can mend its call. */
export function unfitWords(name: string, words: string): string {
  return `The arguments of ${name} do not fit. ${words}`;
}

/** The tool as an actor of the chart. */
export function toolTask(
  name: string,
  { schema, run, timeoutMs, retries }: AuthorTool,
  taskPolicy: TaskPolicy,
  resultCharsMax: number,
) {
  const policy = {
    ...taskPolicy,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(retries === undefined ? {} : { attempts: retries + 1 }),
  };
  return task<ToolText, unknown>(async ({ input, signal, idempotencyKey }) => {
    try {
      const checked = await checkedArguments(schema, input);
      if (checked.kind === 'wrong') {
        return errorText(unfitWords(name, checked.words), resultCharsMax);
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
