/**
 * The names of tools as providers take them: 1 to 64 of letters, digits, `_` and `-`. A name that fits is
 * sent as it is. Another name is sent in a form that fits and is no other tool's, and the tool calls of the
 * answer get the chart's own name back.
 */
import type { GenerateOutput, GenerateRequest, ToolCall } from '../../domain/catalogue.ts';
import { callsOfParts } from '../../domain/model/parts.ts';
import { ownText, wellFormed } from './own-text.ts';

export type ToolNames = {
  /** The name under which a tool is sent. */
  readonly sent: (name: string) => string;
  /** The chart's name of a tool that the model calls. */
  readonly own: (name: string) => string;
};

/** Null when every name fits, as nearly always. */
export function toolNames({ tools = [], messages = [] }: GenerateRequest): ToolNames | null {
  const names = new Set(tools.map(({ name }) => name));
  for (const message of messages) {
    if (message.role !== 'assistant') continue;
    const { parts, toolCalls = parts === undefined ? [] : callsOfParts(parts) } = message;
    for (const { name } of toolCalls) names.add(name);
  }
  const unfit = [...names].filter((name) => !wellFormed.test(name));
  if (unfit.length === 0) return null;
  const taken = new Set([...names].filter((name) => wellFormed.test(name)));
  const sent = new Map(unfit.map((name) => [name, ownText(name, 'tool', taken)]));
  const own = new Map([...sent].map(([name, as]) => [as, name]));
  return { sent: (name) => sent.get(name) ?? name, own: (name) => own.get(name) ?? name };
}

/** The request with its tools and its choice of a tool under the names that are sent. */
export function withSentTools(
  { tools, toolChoice, ...rest }: GenerateRequest,
  { sent }: ToolNames,
): GenerateRequest {
  return {
    ...rest,
    ...(tools === undefined
      ? {}
      : { tools: tools.map((tool) => ({ ...tool, name: sent(tool.name) })) }),
    ...(toolChoice === undefined
      ? {}
      : {
          toolChoice: typeof toolChoice === 'string' ? toolChoice : { tool: sent(toolChoice.tool) },
        }),
  };
}

/** The answer with the chart's own names of the tools that it calls. */
export function withOwnTools(request: GenerateRequest, answer: GenerateOutput): GenerateOutput {
  if (answer.toolCalls.length === 0) return answer;
  const names = toolNames(request);
  if (names === null) return answer;
  const named = <Call extends ToolCall>(call: Call): Call => ({
    ...call,
    name: names.own(call.name),
  });
  const { parts } = answer;
  return {
    ...answer,
    toolCalls: answer.toolCalls.map(named),
    ...(parts === undefined
      ? {}
      : { parts: parts.map((part) => (part.type === 'tool-call' ? named(part) : part)) }),
  };
}
