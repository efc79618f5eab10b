/** What a chart gives to `generate`: its new messages, and its options. */
import type {
  AssistantPart,
  GenerateInput,
  GenerateMessage,
  MessageInput,
  ToolCall,
} from '../../../src/domain/catalogue.ts';
import type { Json } from '../../../src/domain/json.ts';
import {
  answerSchemas,
  image,
  type OptionsSpec,
  type ResultSpec,
  type SaidSpec,
  type StepSpec,
  toolSchemas,
} from './history-spec.ts';
import type { Vendor } from './vendors.ts';

type New = {
  readonly messages: readonly GenerateMessage[];
  /** Results that the chart tells with a later call. */
  readonly late: readonly GenerateMessage[];
};

export function newMessages(step: StepSpec, calls: readonly ToolCall[]): New {
  const { results, isReversed, isLast } = step;
  const plans = calls.map(({ id }, i) => ({ id, plan: results[i % results.length] }));
  const told = plans.map(({ id, plan }) => (plan === undefined ? [] : resultsOf(id, plan)));
  const isLate = (i: number): boolean => plans[i]?.plan?.how === 'late';
  const now = told.filter((_, i) => !isLate(i));
  const ordered = (isReversed ? now.toReversed() : now).flat();
  const said = step.said.map(messageOf) as readonly GenerateMessage[];
  return {
    messages: isLast ? [...said, ...ordered] : [...ordered, ...said],
    late: told.filter((_, i) => isLate(i)).flat(),
  };
}

function resultsOf(toolCallId: string, { how, text }: ResultSpec): readonly GenerateMessage[] {
  const result = { role: 'tool', toolCallId, content: text } as const;
  const bytes = { type: 'image', mediaType: image.mediaType, data: image.data } as const;
  switch (how) {
    case 'missing':
      return [];
    case 'twice':
      return [result, { ...result, content: 'again' }];
    case 'failed':
      return [{ ...result, isError: true }];
    case 'image':
      return [{ ...result, parts: [{ type: 'text', text }, bytes] }];
    case 'json':
      return [{ ...result, parts: [{ type: 'json', value: { text } }] }];
    default:
      return [result];
  }
}

function messageOf(one: SaidSpec): MessageInput {
  const { text } = one;
  switch (one.said) {
    case 'image': {
      const { mediaType, data, url } = image;
      const shown = one.byUrl ? { url } : { mediaType, data };
      return {
        role: 'user',
        content: [
          { type: 'text', text },
          { type: 'image', ...shown },
        ],
      };
    }
    case 'calls':
      return {
        role: 'assistant',
        content: text,
        toolCalls: one.calls.map((call) => ({ ...call, input: call.input as Json })),
      };
    case 'thought': {
      const from = one.isForeign ? { from: { provider: 'elsewhere', model: 'm' } } : {};
      const parts: AssistantPart[] = [
        { type: 'reasoning', text, signature: 'forged', ...from },
        { type: 'text', text },
      ];
      return { role: 'assistant', content: parts };
    }
    case 'result':
      return { role: 'tool', toolCallId: one.id, content: text };
    case 'system':
    case 'user':
    case 'assistant':
      return saidBy(one.said, text);
  }
}

/** Each role is a type of its own. */
function saidBy(role: 'system' | 'user' | 'assistant', content: string): MessageInput {
  if (role === 'system') return { role, content };
  return role === 'user' ? { role, content } : { role, content };
}

export function inputOf(
  { options, prompt, namesModel, own }: StepSpec,
  { provider, model }: Vendor,
  messages: readonly GenerateMessage[],
): GenerateInput {
  return {
    provider: provider.name,
    ...(namesModel ? { model } : {}),
    ...(prompt === null ? {} : { prompt }),
    messages,
    ...(own === null ? { conversation: 'c' } : {}),
    ...optionsOf(options),
  };
}

/** The options of `generate`. */
export function optionsOf(options: OptionsSpec): Partial<GenerateInput> {
  const { reasoning, cache, schema, temperature, stops, maxTokens, system } = options;
  const answer = schema === null ? undefined : answerSchemas[schema];
  return {
    ...toolsOf(options),
    ...(reasoning === null
      ? {}
      : { reasoning: reasoning === 'budget' ? { budgetTokens: 1_500 } : reasoning }),
    ...(cache === null ? {} : { cache }),
    ...(answer === undefined ? {} : { schema: answer }),
    ...(temperature === null ? {} : { temperature }),
    ...(stops.length === 0 ? {} : { stopSequences: stops }),
    ...(maxTokens === null ? {} : { maxTokens }),
    ...(system === null ? {} : { system }),
  };
}

function toolsOf({ tools, toolSchema, choice }: OptionsSpec): Partial<GenerateInput> {
  const [first] = tools;
  if (first === undefined)
    return choice === null || choice === 'named' ? {} : { toolChoice: choice };
  const inputSchema = toolSchemas[toolSchema] as Json;
  return {
    tools: tools.map((name) => ({ name, inputSchema })),
    ...(choice === null ? {} : { toolChoice: choice === 'named' ? { tool: first } : choice }),
  };
}
