/** The options of a tool loop, and the form from which its chart is built. */
import type { AnyStateMachine } from 'xstate';
import type { GenerateInput } from '../domain/catalogue.ts';
import { asText, asWhole, refuseField } from '../domain/field.ts';
import { checkGenerate } from '../domain/model/generate-input.ts';
import { checkName } from '../domain/ids.ts';
import type { Json } from '../domain/json.ts';
import { limits } from '../domain/limits.ts';
import { asOptions } from '../domain/options.ts';
import { schemaJson } from '../domain/schema-json.ts';
import { checkTaskPolicy, type TaskPolicy } from '../kernel/catalogue.ts';
import { checkSchema } from '../schema/check-schema.ts';
import { builtInTools, type BuiltInTool } from './built-in-tools.ts';
import { checkTool, type AuthorTool } from './author-tool.ts';

/** Reaching one of the first three ends the run in a state of its own, with the model's last text. */
export type ToolLoopBounds = {
  /** Model calls. Default 50. */
  readonly iterationsMax?: number;
  /** Input and output of all model calls together. Default 1,000,000. */
  readonly tokensMax?: number;
  /** Time from the first model call, all waiting included. Default an hour. */
  readonly timeMs?: number;
  /** Tool calls of one answer that are carried out, in parallel. Default 8. */
  readonly toolCallsMax?: number;
  /** Characters of one tool result; a longer one is an error that the model can read. Default 65,536. */
  readonly resultCharsMax?: number;
};

/** The options of `toolLoop`. */
export type ToolLoopOptions<Input = ToolLoopInput, Id extends string = string> = {
  /** The agent's name. */
  readonly id: Id;
  /** The instructions that the model gets before the conversation. */
  readonly system?: string;
  /** The first message, made from the run's input. Default: `input.prompt`. */
  readonly prompt?: (run: { readonly input: Input; readonly runId: string }) => string;
  /** Which of heddle's own tools are on offer. Default: all but `spawn`, which `children` adds. */
  readonly builtIn?: readonly BuiltInTool[];
  /** The author's own tools, by name. */
  readonly tools?: Readonly<Record<string, AuthorTool>>;
  /** Agents that the model may start with `spawn`. They must be registered too. */
  readonly children?: readonly ToolLoopChild[];
  /** The task policy of the author's tools. */
  readonly taskPolicy?: TaskPolicy;
  /** Further input of each model call. */
  readonly generate?: Pick<
    GenerateInput,
    'provider' | 'model' | 'tier' | 'maxTokens' | 'temperature' | 'timeoutMs' | 'attemptTimeoutMs'
  >;
  /** The bounds that end the loop at the latest. Each has a default. */
  readonly bounds?: ToolLoopBounds;
};

/** An agent that the model may start. */
export type ToolLoopChild = {
  /** Its chart, which must be registered as an agent too. */
  readonly agent: AnyStateMachine;
  /** Tells the model what the agent is good for. */
  readonly description: string;
  /** JSON Schema of the child's input, or a Standard Schema that describes itself. Default: any object. */
  readonly inputSchema?: Json | object;
};

/** The input of a tool loop's run, unless `prompt` reads another input. */
export type ToolLoopInput = {
  /** The first message to the model. */
  readonly prompt: string;
};

/** Providers take no other names. */
const toolName = /^[a-zA-Z0-9_-]{1,64}$/;

export type ResolvedLoop = {
  readonly bounds: Required<ToolLoopBounds>;
  readonly builtIn: readonly BuiltInTool[];
  readonly tools: readonly (readonly [string, AuthorTool])[];
  readonly children: NonNullable<ToolLoopOptions['children']>;
};

const optionKeys = [
  'id',
  'system',
  'prompt',
  'builtIn',
  'tools',
  'children',
  'taskPolicy',
  'generate',
  'bounds',
] as const;
const generateKeys = [
  'provider',
  'model',
  'tier',
  'maxTokens',
  'temperature',
  'timeoutMs',
  'attemptTimeoutMs',
] as const;

/** Throws `invalid-field` at once, so that a mistake is seen where the agent is made. */
export function resolveLoop(given: ToolLoopOptions<never>): ResolvedLoop {
  const options = asOptions(given, 'toolLoop', optionKeys);
  checkName(options.id, 'toolLoop.id');
  if (options.system !== undefined) asText(options.system, 'toolLoop.system');
  const { prompt, generate = {}, taskPolicy = {} } = options;
  if (prompt !== undefined && typeof prompt !== 'function') {
    refuseField('toolLoop.prompt', 'must be a function');
  }
  checkTaskPolicy(taskPolicy, 'toolLoop.taskPolicy');
  // The prompt is known only when a run starts; the other fields are checked here.
  checkGenerate({ ...asOptions(generate, 'toolLoop.generate', generateKeys), prompt: '' });
  const builtIn = builtInOf(options.builtIn);
  return {
    bounds: boundsOf(options.bounds),
    builtIn,
    tools: toolsOf(options.tools, builtIn),
    children: childrenOf(options.children),
  };
}

function builtInOf(given: readonly BuiltInTool[] = builtInTools): readonly BuiltInTool[] {
  if (!Array.isArray(given)) refuseField('toolLoop.builtIn', 'must be a list');
  const unknown = given.find((name) => !builtInTools.includes(name));
  if (unknown !== undefined)
    refuseField('toolLoop.builtIn', `knows only ${builtInTools.join(', ')}`);
  return given;
}

function toolsOf(
  given: Readonly<Record<string, AuthorTool>> = {},
  builtIn: readonly string[],
): ResolvedLoop['tools'] {
  const tools = Object.entries(asOptions(given, 'toolLoop.tools', null));
  return tools.map(([name, of]) => {
    const field = `toolLoop.tools.${name.slice(0, limits.nameCharsMax)}`;
    if (!toolName.test(name)) refuseField(field, `must be a name that fits ${toolName.source}`);
    const isTaken = name === 'spawn' || builtIn.includes(name);
    if (isTaken) refuseField(field, "has the name of one of heddle's own tools");
    return [name, checkTool(of, field)];
  });
}

function childrenOf(given: ToolLoopOptions['children'] = []): ResolvedLoop['children'] {
  if (!Array.isArray(given)) refuseField('toolLoop.children', 'must be a list');
  return given.map((child: ResolvedLoop['children'][number], place) => {
    const field = `toolLoop.children[${place}]`;
    const checked = asOptions(child, field, ['agent', 'description', 'inputSchema']);
    const { root } = (checked.agent ?? {}) as { readonly root?: unknown };
    if (typeof root !== 'object') refuseField(`${field}.agent`, 'must be a chart');
    asText(checked.description, `${field}.description`);
    if (checked.inputSchema === undefined) return checked;
    const inputSchema = schemaJson(checked.inputSchema, `${field}.inputSchema`);
    // The model reads it as it was written.
    checkSchema(inputSchema, `${field}.inputSchema`);
    return { ...checked, inputSchema };
  });
}

const boundKeys = [
  'iterationsMax',
  'tokensMax',
  'timeMs',
  'toolCallsMax',
  'resultCharsMax',
] as const;

function boundsOf(given: ToolLoopBounds = {}): Required<ToolLoopBounds> {
  const bounds = asOptions(given, 'toolLoop.bounds', boundKeys);
  const whole = (name: keyof ToolLoopBounds, max: number, fallback: number): number =>
    asWhole(bounds[name], `toolLoop.bounds.${name}`, { min: 1, max, fallback });
  return {
    iterationsMax: whole('iterationsMax', limits.conversationMessagesMax, 50),
    tokensMax: whole('tokensMax', Number.MAX_SAFE_INTEGER, 1_000_000),
    timeMs: whole('timeMs', limits.delayMsMax, 3_600_000),
    toolCallsMax: whole('toolCallsMax', 32, 8),
    resultCharsMax: whole('resultCharsMax', limits.payloadBytesMax / 8, 65_536),
  };
}
