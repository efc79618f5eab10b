/**
 * An author's tool: a Standard Schema for its arguments and an async function, run as a task. What
 * goes wrong in it is a result that the model reads: bad arguments and a result that cannot be kept at
 * once, an exception when its policy's attempts are used up.
 */
import type { Json } from '../domain/json.ts';
import { asText, refuseField } from '../domain/field.ts';
import { asOptions } from '../domain/options.ts';
import { task, type TaskArgs, type TaskPolicy } from '../kernel/catalogue.ts';
import type { ToolOffer } from './built-in-tools.ts';
import { errorText, resultText, toolError, type ToolText } from './result-text.ts';

/** The part of https://standardschema.dev that is read here; zod, valibot and others fit it. */
export type StandardSchema<Output = unknown> = {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Validated<Output> | Promise<Validated<Output>>;
    /** Schemas that can also say what they accept as JSON Schema. */
    readonly jsonSchema?: {
      readonly input: (options: { readonly target: string }) => Readonly<Record<string, unknown>>;
    };
  };
};
type Validated<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };
type SchemaIssue = {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
};

export type AuthorTool = {
  readonly description: string;
  readonly schema: StandardSchema;
  /** What the model is told of the arguments: a JSON Schema. Default: what the schema says. */
  readonly inputSchema?: Json;
  /** At least once for each tool call, as any task: `idempotencyKey` is the same each time. */
  readonly run: (args: TaskArgs<never>) => Promise<unknown>;
};

/** Types the arguments of `run` by the schema. */
export function tool<Arguments>(of: {
  readonly description: string;
  readonly schema: StandardSchema<Arguments>;
  readonly inputSchema?: Json;
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

export function offerOf(name: string, { description, schema, inputSchema }: AuthorTool): ToolOffer {
  const told =
    inputSchema ?? (schema['~standard'].jsonSchema?.input({ target: 'draft-2020-12' }) as Json);
  if (told === undefined) {
    refuseField(
      `toolLoop.tools.${name}.inputSchema`,
      'must be given: its schema has no JSON Schema',
    );
  }
  return { name, description, inputSchema: told };
}

/** The tool as an actor of the chart. */
export function toolTask(
  name: string,
  { schema, run }: AuthorTool,
  policy: TaskPolicy,
  resultCharsMax: number,
) {
  return task<ToolText, unknown>(async ({ input, signal, idempotencyKey }) => {
    const checked = await schema['~standard'].validate(input);
    if (checked.issues !== undefined) {
      const words = `The arguments of ${name} do not fit. ${wordsOf(checked.issues)}`;
      return errorText(words, resultCharsMax);
    }
    try {
      // The schema has just made it what `run` takes.
      const output = await run({ input: checked.value as never, signal, idempotencyKey });
      return resultText(output, resultCharsMax);
    } catch (error) {
      // Tried again by the policy. Its words are made such that a run can take them.
      throw toolError(error, resultCharsMax);
    }
  }, policy);
}

const issuesMax = 20;

function wordsOf(issues: readonly SchemaIssue[]): string {
  return issues
    .slice(0, issuesMax)
    .map(({ message, path = [] }) => {
      const keys = path.map((part) => String(typeof part === 'object' ? part.key : part));
      return keys.length === 0 ? message : `${keys.join('.')}: ${message}`;
    })
    .join(' ');
}
