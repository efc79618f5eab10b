/**
 * Tool calls that a person must allow: which call needs it, what the person is asked, and what comes of
 * the answer. Pure: a verdict is made once, in the turn that takes the model's answer, and kept in the
 * run's context, so a later change of `needsApproval` does not touch a call that is open.
 */
import type { AskInput } from '../domain/catalogue.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { propertyOf, whenRejected } from '../domain/thrown.ts';
import type { AuthorTool } from './author-tool.ts';
import { readChecked } from './checked-arguments.ts';

/** A person's answer to the question whether a tool may be called. */
export type ToolApproval =
  | {
      /** The call is carried out as the model wrote it. */
      readonly decision: 'allow';
    }
  | {
      /** The call is not carried out. */
      readonly decision: 'deny';
      /** Why, for the model. */
      readonly reason?: string;
    }
  | {
      /** The call is carried out with other arguments, which are checked as the model's are. */
      readonly decision: 'edit';
      /** All arguments of the call. */
      readonly arguments: Json;
    };

/** The subject of the question, in its `data`. */
export type ToolApprovalData = {
  /** The tool's name. */
  readonly tool: string;
  /** The arguments, as the model wrote them. */
  readonly arguments: Json;
  /** JSON Schema of the arguments. */
  readonly schema: Json;
};

export type Verdict =
  | { readonly kind: 'free' }
  | { readonly kind: 'ask' }
  /** The arguments do not fit, so there is nothing to allow. */
  | { readonly kind: 'wrong'; readonly words: string };

/**
 * `needsApproval` is given what the schema makes of the arguments, as `run` is. Where that cannot be told
 * at once, where the function throws, and where it gives anything but `false`, a person is asked.
 */
export function verdictOn({ schema, needsApproval }: AuthorTool, input: Json): Verdict {
  if (needsApproval === undefined || needsApproval === false) return { kind: 'free' };
  try {
    const checked: unknown = schema['~standard'].validate(copyOf(input));
    if (isPromise(checked)) return { kind: 'ask' };
    const fit = readChecked(checked);
    if (fit.kind === 'wrong') return fit;
    if (needsApproval === true) return { kind: 'ask' };
    const needs: unknown = needsApproval(fit.value as never);
    isPromise(needs);
    return { kind: needs === false ? 'free' : 'ask' };
  } catch {
    return { kind: 'ask' };
  }
}

/** A rejection of a promise that nobody waits for would end the process. */
function isPromise(value: unknown): boolean {
  if (typeof propertyOf(value, 'then') !== 'function') return false;
  whenRejected(value, () => undefined);
  return true;
}

/** An author's function that changes what it is given does not change the model's call. */
function copyOf(input: Json): Json {
  return JSON.parse(JSON.stringify(input)) as Json;
}

/** What the person is asked. */
export function approvalQuestion(
  call: { readonly name: string; readonly input: Json },
  of: {
    readonly schema: Json;
    readonly assignee: string | undefined;
    readonly timeoutMs: number | undefined;
  },
): AskInput {
  const { name, input } = call;
  const data: ToolApprovalData = { tool: name, arguments: input, schema: of.schema };
  return {
    question: `May the tool ${name} be called?`,
    schema: answerSchema(of.schema),
    data,
    ...(of.assignee === undefined ? {} : { assignee: of.assignee }),
    ...(of.timeoutMs === undefined ? {} : { timeoutMs: of.timeoutMs }),
  };
}

/** A schema that says nothing else is of this draft. */
const usual = 'https://json-schema.org/draft/2020-12/schema';

function answerSchema(inputSchema: Json): Json {
  const { $schema, ...of } = inputSchema as JsonObject;
  // Its references are to itself, so it keeps a root of its own inside the answer's schema.
  const root = JSON.stringify(of).includes('"$ref"') ? { $id: 'heddle:tool-arguments' } : {};
  const one = (decision: string, rest: JsonObject, required: readonly string[]): Json => ({
    type: 'object',
    properties: { decision: { const: decision }, ...rest },
    required: ['decision', ...required],
    additionalProperties: false,
  });
  return {
    ...($schema === undefined || $schema === usual ? {} : { $schema }),
    oneOf: [
      one('allow', {}, []),
      one('deny', { reason: { type: 'string' } }, []),
      one('edit', { arguments: { ...root, ...of } }, ['arguments']),
    ],
  };
}

/** What an answer says; an answer that is none of these denies. */
export function approvalOf(answer: unknown): ToolApproval {
  const decision = propertyOf(answer, 'decision');
  if (decision === 'allow') return { decision };
  const given = propertyOf(answer, 'arguments');
  if (decision === 'edit' && typeof given === 'object' && given !== null) {
    // It comes out of the journal, so it is JSON.
    return { decision, arguments: given as Json };
  }
  const reason = propertyOf(answer, 'reason');
  return typeof reason === 'string' ? { decision: 'deny', reason } : { decision: 'deny' };
}
