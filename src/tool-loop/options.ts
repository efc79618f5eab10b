/** The options of a tool loop, and the form from which its chart is built. */
import type { AnyStateMachine } from 'xstate';
import type { GenerateInput } from '../domain/catalogue.ts';
import { asBoolean, asText, asWhole, refuseField } from '../domain/field.ts';
import { checkName } from '../domain/ids.ts';
import type { Json } from '../domain/json.ts';
import { limits } from '../domain/limits.ts';
import { asOptions } from '../domain/options.ts';
import { schemaJson } from '../domain/schema-json.ts';
import { checkTaskPolicy, type TaskPolicy } from '../kernel/catalogue.ts';
import { checkSchema } from '../schema/check-schema.ts';
import { boundsOf, type ToolLoopBounds } from './bounds.ts';
import { builtInTools, type BuiltInTool } from './built-in-tools.ts';
import { checkTool, offerOf, type AuthorTool } from './author-tool.ts';

/** The options of `toolLoop`. */
export type ToolLoopOptions<
  Input = ToolLoopInput,
  Id extends string = string,
  Schema extends Json | object = Json | object,
> = {
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
  /**
   * The loop's answer is JSON that fits this JSON Schema, and stands in the output's `value`: a JSON Schema of
   * draft-07, 2019-09 or 2020-12, or a Standard Schema that describes itself. Default: any text.
   */
  readonly schema?: Schema;
  /** Keeps the loop open for further prompts: see `ToolLoopChat`. The bounds are then those of one answer. */
  readonly chat?: ToolLoopChat<Input>;
  /** The tool calls of one answer: side by side (default), or one after the other, in order. */
  readonly parallel?: boolean;
  /**
   * How long a tool call waits for its approval; after it the call is denied. Default: as long as the loop's
   * own bound lets it.
   */
  readonly approvalTimeoutMs?: number;
  /** The name of the provider that takes the model calls, as in `generate`. */
  readonly provider?: string;
  /** Several providers, in order of preference, as in `generate`. */
  readonly providers?: readonly string[];
  /** Only providers that serve this model take the model calls, as in `generate`. */
  readonly model?: string;
  /** Instead of a model, as in `generate`. */
  readonly tier?: string;
  /**
   * Further input of each model call. A `toolChoice` that forces a tool holds for the first call of the loop
   * only: a loop that must call a tool each time would never answer.
   */
  readonly generate?: Pick<
    GenerateInput,
    | 'provider'
    | 'providers'
    | 'model'
    | 'tier'
    | 'maxTokens'
    | 'temperature'
    | 'toolChoice'
    | 'stopSequences'
    | 'reasoning'
    | 'cache'
    | 'providerOptions'
    | 'timeoutMs'
    | 'attemptTimeoutMs'
  >;
  /** The bounds that end the loop at the latest. Each has a default. */
  readonly bounds?: ToolLoopBounds;
};

/** A loop that stays open: it takes prompts from a channel, one after the other, and tells each answer. */
export type ToolLoopChat<Input = ToolLoopInput> = {
  /** The channel of the prompts, for one run alone. Default: `chat/<run id>/prompts`. */
  readonly channel?: (run: { readonly input: Input; readonly runId: string }) => string;
  /** The channel of the replies. Default: `chat/<run id>/replies`, or the other channel's name with `/replies`. */
  readonly replies?: (run: { readonly input: Input; readonly runId: string }) => string;
  /** How long it waits for a prompt before it ends. Default a day. */
  readonly idleMs?: number;
  /** How long it lives at most. Default 30 days. */
  readonly lifeMs?: number;
  /** Prompts that it takes at most. Default 1,000. */
  readonly promptsMax?: number;
  /** Input and output of all its model calls together. Default 10,000,000. */
  readonly tokensMax?: number;
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

export type ResolvedChat = Required<Omit<ToolLoopChat<never>, 'channel' | 'replies'>> &
  Pick<ToolLoopChat<never>, 'channel' | 'replies'>;

export type ResolvedLoop = {
  readonly chat: ResolvedChat | null;
  /** Further texts by which one build is told from another. Empty in a loop without approvals. */
  readonly texts: object;
  readonly bounds: Required<ToolLoopBounds>;
  readonly builtIn: readonly BuiltInTool[];
  readonly tools: readonly (readonly [string, AuthorTool])[];
  readonly children: NonNullable<ToolLoopOptions['children']>;
  /** The input of each model call, but for messages, system, tools and schema. */
  readonly generate: NonNullable<ToolLoopOptions['generate']>;
  /** The JSON Schema of the answer. */
  readonly schema: Json | undefined;
  /** The JSON Schemas of the author's tools, by name. */
  readonly schemas: ReadonlyMap<string, Json>;
  /** The author's tools whose calls a person may have to allow, by name. */
  readonly approvals: ReadonlyMap<string, AuthorTool>;
  readonly approvalTimeoutMs: number | undefined;
  /** True when some calls of one answer wait for others. */
  readonly isSerial: boolean;
};

const optionKeys = [
  'id',
  'system',
  'prompt',
  'builtIn',
  'tools',
  'children',
  'taskPolicy',
  'schema',
  'chat',
  'parallel',
  'approvalTimeoutMs',
  'provider',
  'providers',
  'model',
  'tier',
  'generate',
  'bounds',
] as const;
const routeKeys = ['provider', 'providers', 'model', 'tier'] as const;
const generateKeys = [
  ...routeKeys,
  'maxTokens',
  'temperature',
  'toolChoice',
  'stopSequences',
  'reasoning',
  'cache',
  'providerOptions',
  'timeoutMs',
  'attemptTimeoutMs',
] as const;

/** Throws `invalid-field` at once, so that a mistake is seen where the agent is made. */
export function resolveLoop(given: ToolLoopOptions<never>): ResolvedLoop {
  const options = asOptions(given, 'toolLoop', optionKeys);
  checkName(options.id, 'toolLoop.id');
  if (options.system !== undefined) asText(options.system, 'toolLoop.system');
  const { prompt, taskPolicy = {} } = options;
  if (prompt !== undefined && typeof prompt !== 'function') {
    refuseField('toolLoop.prompt', 'must be a function');
  }
  checkTaskPolicy(taskPolicy, 'toolLoop.taskPolicy');
  const builtIn = builtInOf(options.builtIn);
  const tools = toolsOf(options.tools, builtIn);
  const parallel = asBoolean(options.parallel, 'toolLoop.parallel', true);
  const asking = tools.filter(([, { needsApproval = false }]) => needsApproval !== false);
  const { approvalTimeoutMs } = options;
  const asked = Object.fromEntries(asking.map(([name, of]) => [name, of.needsApproval]));
  return {
    chat: options.chat === undefined ? null : chatOf(options.chat),
    texts: asking.length === 0 ? {} : { approvals: asked, approvalTimeoutMs },
    bounds: boundsOf(options.bounds),
    builtIn,
    tools,
    children: childrenOf(options.children),
    generate: generateOf(options),
    schema: options.schema === undefined ? undefined : answerSchema(options.schema),
    schemas: new Map(tools.map(([name, of]) => [name, offerOf(name, of).inputSchema])),
    approvals: new Map(asking),
    approvalTimeoutMs: asWhole(approvalTimeoutMs, 'toolLoop.approvalTimeoutMs', {
      min: 1,
      max: limits.delayMsMax,
      fallback: undefined,
    }),
    isSerial: !parallel || tools.some(([, { serial }]) => serial === true),
  };
}

function answerSchema(given: Json | object): Json {
  const schema = schemaJson(given, 'toolLoop.schema');
  // The model reads it as it was written.
  checkSchema(schema, 'toolLoop.schema');
  return schema;
}

/** The route may stand in the loop's own options or in `generate`, and not in both. */
function generateOf(options: ToolLoopOptions<never>): ResolvedLoop['generate'] {
  const given = asOptions(options.generate ?? {}, 'toolLoop.generate', generateKeys);
  const route: Record<string, unknown> = {};
  for (const key of routeKeys) {
    if (options[key] === undefined) continue;
    if (given[key] !== undefined) {
      refuseField(`toolLoop.${key}`, `and toolLoop.generate.${key} may not both be given`);
    }
    route[key] = options[key];
  }
  return { ...given, ...route };
}

function builtInOf(given: readonly BuiltInTool[] = builtInTools): readonly BuiltInTool[] {
  if (!Array.isArray(given)) refuseField('toolLoop.builtIn', 'must be a list');
  const unknown = given.find((name) => !builtInTools.includes(name));
  if (unknown !== undefined)
    refuseField('toolLoop.builtIn', `knows only ${builtInTools.join(', ')}`);
  if (new Set(given).size < given.length) refuseField('toolLoop.builtIn', 'names a tool twice');
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
    const isTwice = given.slice(0, place).some(({ agent }) => agent.id === checked.agent.id);
    if (isTwice) refuseField(`${field}.agent`, `is there already: ${checked.agent.id}`);
    if (checked.inputSchema === undefined) return checked;
    const inputSchema = schemaJson(checked.inputSchema, `${field}.inputSchema`);
    // The model reads it as it was written.
    checkSchema(inputSchema, `${field}.inputSchema`);
    return { ...checked, inputSchema };
  });
}

const chatKeys = ['channel', 'replies', 'idleMs', 'lifeMs', 'promptsMax', 'tokensMax'] as const;
const dayMs = 86_400_000;

function chatOf(given: ToolLoopChat<never>): ResolvedChat {
  const { channel, replies, ...bounds } = asOptions(given, 'toolLoop.chat', chatKeys);
  for (const [key, of] of Object.entries({ channel, replies })) {
    if (of !== undefined && typeof of !== 'function') {
      refuseField(`toolLoop.chat.${key}`, 'must be a function');
    }
  }
  const whole = (name: keyof typeof bounds, max: number, fallback: number): number =>
    asWhole(bounds[name], `toolLoop.chat.${name}`, { min: 1, max, fallback });
  return {
    ...(channel === undefined ? {} : { channel }),
    ...(replies === undefined ? {} : { replies }),
    idleMs: whole('idleMs', limits.delayMsMax, dayMs),
    lifeMs: whole('lifeMs', limits.delayMsMax, 30 * dayMs),
    promptsMax: whole('promptsMax', limits.conversationMessagesMax, 1_000),
    tokensMax: whole('tokensMax', Number.MAX_SAFE_INTEGER, 10_000_000),
  };
}
