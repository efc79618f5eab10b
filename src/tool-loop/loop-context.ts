/** The context that a tool loop keeps between its steps, and how each step changes it. Pure. */
import type { GenerateMessage, GenerateOutput, ToolCall } from '../domain/catalogue.ts';
import type { Json } from '../domain/json.ts';
import type { ToolLoopBounds } from './options.ts';
import { errorText, type ToolText } from './result-text.ts';

/** `answered`: the model asked for no further tool. The other words say what stopped the loop. */
export type ToolLoopEnd = 'answered' | 'refused' | 'cut-off' | 'iterations' | 'tokens' | 'time';

/** The output of a tool loop's run. */
export type ToolLoopOutput = {
  /** Why it ended. */
  readonly end: ToolLoopEnd;
  /** The model's last text. */
  readonly text: string;
  /** Model calls that were answered. */
  readonly iterations: number;
  /** Input and output tokens of all its model calls. */
  readonly tokens: number;
};

/** `actor` is null for a tool call that no actor carries out; its `result` is set from the beginning. */
type PlannedCall = {
  readonly id: string;
  readonly actor: string | null;
  readonly input: Json;
  readonly result: ToolText | null;
};

export type LoopContext = {
  /** The messages that the next model call adds to the conversation. */
  readonly next: readonly GenerateMessage[];
  readonly calls: readonly PlannedCall[];
  readonly end: ToolLoopEnd | null;
  readonly text: string;
  readonly iterations: number;
  readonly tokens: number;
};

/** The actor for each tool and each child that a model may call, by name. */
export type Destinations = {
  readonly tools: ReadonlyMap<string, string>;
  readonly children: ReadonlyMap<string, string>;
};

type Around = {
  readonly destinations: Destinations;
  readonly bounds: Required<ToolLoopBounds>;
};

export function begun(prompt: string): LoopContext {
  const next = [{ role: 'user', content: prompt }] as const;
  return { next, calls: [], end: null, text: '', iterations: 0, tokens: 0 };
}

/** The context after an answer of the model: the tool calls to carry out, or why the loop ends. */
export function heard(
  context: LoopContext,
  { text, toolCalls, stopReason, usage }: GenerateOutput,
  { destinations, bounds }: Around,
): Partial<LoopContext> {
  const iterations = context.iterations + 1;
  const tokens = context.tokens + usage.inputTokens + usage.outputTokens;
  const counted = { next: [], text, iterations, tokens };
  if (toolCalls.length === 0) return { ...counted, end: endOf(stopReason) };
  if (iterations >= bounds.iterationsMax) return { ...counted, end: 'iterations' };
  if (tokens >= bounds.tokensMax) return { ...counted, end: 'tokens' };
  const calls = toolCalls.map((call, i) => planned(call, i, { destinations, bounds }));
  return { ...counted, calls };
}

function endOf(stopReason: string): ToolLoopEnd {
  if (stopReason === 'refusal') return 'refused';
  return stopReason === 'max-tokens' ? 'cut-off' : 'answered';
}

/** The model is told everything that is wrong with its tool call, because only the model can mend it. */
function planned(call: ToolCall, place: number, { destinations, bounds }: Around): PlannedCall {
  const { id, name, input, invalid } = call;
  const refused = (words: string): PlannedCall => ({
    id,
    actor: null,
    input: null,
    result: errorText(words, bounds.resultCharsMax),
  });
  if (place >= bounds.toolCallsMax) {
    return refused(`At most ${bounds.toolCallsMax} tools can be called at once; call it again.`);
  }
  if (invalid !== undefined) return refused(`The arguments of ${name} cannot be read: ${invalid}`);
  if (name === 'spawn' && destinations.children.size > 0)
    return spawned(call, destinations, refused);
  const actor = destinations.tools.get(name);
  if (actor === undefined) {
    const known = [
      ...destinations.tools.keys(),
      ...(destinations.children.size > 0 ? ['spawn'] : []),
    ];
    return refused(`There is no tool called ${name}; there are ${known.join(', ')}.`);
  }
  return { id, actor, input, result: null };
}

function spawned(
  { id, input }: ToolCall,
  { children }: Destinations,
  refused: (words: string) => PlannedCall,
): PlannedCall {
  const { agent, input: given = null } = input as { readonly agent?: Json; readonly input?: Json };
  const actor = typeof agent === 'string' ? children.get(agent) : undefined;
  if (actor === undefined) {
    return refused(`spawn.agent must be one of ${[...children.keys()].join(', ')}.`);
  }
  return { id, actor, input: given, result: null };
}

export function isDue({ calls }: LoopContext, place: number, actor: string): boolean {
  return calls[place]?.actor === actor;
}

export function withResult(
  context: LoopContext,
  place: number,
  result: ToolText,
): Partial<LoopContext> {
  const calls = context.calls.map((call, i) =>
    // The input is not needed any more: it stands in the conversation.
    i === place ? { ...call, input: null, result } : call,
  );
  return { calls };
}

/** The results, in the order of the calls, are the next messages to the model. */
export function observed({ calls }: LoopContext): Partial<LoopContext> {
  const next = calls.map(({ id, result }): GenerateMessage => ({
    role: 'tool',
    toolCallId: id,
    content: result?.content ?? '',
    ...(result?.isError === true ? { isError: true } : {}),
  }));
  return { next, calls: [] };
}
