/** The context that a tool loop keeps between its steps, and how each step changes it. Pure. */
import type { GenerateMessage, GenerateOutput, StopReason, ToolCall } from '../domain/catalogue.ts';
import { toSafeText, type Json } from '../domain/json.ts';
import { verdictOn, type Verdict } from './approval.ts';
import { unfitWords, type AuthorTool } from './author-tool.ts';
import type { ToolLoopBounds } from './bounds.ts';
import { errorText, imageChars, withinImages, withNote, type ToolText } from './result-text.ts';

/**
 * Why a loop ended.
 * - `answered`: with an answer that is whole and asks for no further tool.
 * - `refused`: the model or its provider refused.
 * - `cut-off`: at the most tokens that one answer may have: an answer without tool calls, or two answers in
 *   a row whose tool calls were cut.
 * - `context-full`: the model's context was full.
 * - `other`: the answer ended for another reason, which `rawStopReason` gives where the provider has a word.
 * - `iterations`, `tokens`, `time`: at one of the loop's bounds.
 * - `idle`, `prompts`: of a chat, which had no prompt for too long, or had as many as it may have.
 */
export type ToolLoopEnd =
  | 'answered'
  | 'refused'
  | 'cut-off'
  | 'context-full'
  | 'other'
  | 'iterations'
  | 'tokens'
  | 'time'
  | 'idle'
  | 'prompts';

/** The output of a tool loop's run. */
export type ToolLoopOutput<Value = Json> = {
  /** Why it ended. */
  readonly end: ToolLoopEnd;
  /** The model's last text. */
  readonly text: string;
  /** The JSON that a whole answer consists of, when the loop has a `schema`: it fits. */
  readonly value?: Value;
  /** Model calls that were answered. */
  readonly iterations: number;
  /** Input and output tokens of all its model calls. */
  readonly tokens: number;
  /** Prompts that a chat has taken. */
  readonly prompts?: number;
  /** Why the model's last answer ended; null when it gave none. */
  readonly stopReason: StopReason | null;
  /** The provider's own word, when `stopReason` is `other`. */
  readonly rawStopReason?: string;
};

/** `actor` is null for a tool call that no actor carries out; its `result` is set from the beginning. */
type PlannedCall = {
  readonly id: string;
  readonly actor: string | null;
  readonly input: Json;
  readonly result: ToolText | null;
  /** The tool's name, while a person must be asked whether it may be called. */
  readonly asks?: string;
  /** A person has changed the input. */
  readonly edited?: boolean;
  /** It begins when the calls before it that have this mark are over. */
  readonly serial?: boolean;
};

export type LoopContext = {
  /** The messages that the next model call adds to the conversation. */
  readonly next: readonly GenerateMessage[];
  readonly calls: readonly PlannedCall[];
  readonly end: ToolLoopEnd | null;
  readonly text: string;
  /** Of a whole answer, when the loop has a schema. */
  readonly value?: Json | undefined;
  readonly iterations: number;
  readonly tokens: number;
  /** How the last answer ended. Not in the context of a run that began with an earlier release. */
  readonly stop?: Pick<GenerateOutput, 'stopReason' | 'rawStopReason'>;
  /** The last answer was cut among its tool calls, and the model is told so. */
  readonly wasCut?: boolean;
  /** Of a loop that is a chat. */
  readonly chat?: ChatContext;
};

export type ChatContext = {
  readonly channel: string;
  readonly replies: string;
  /** The id of the newest prompt's message. */
  readonly prompt: string | null;
  /** Why the newest prompt has no answer. */
  readonly fault:
    | { readonly type: 'rejected'; readonly reason: string }
    | { readonly type: 'failed'; readonly code: string; readonly reason: string }
    | null;
  /** Prompts so far; model calls and tokens of the answers before the newest one. */
  readonly prompts: number;
  readonly iterations: number;
  readonly tokens: number;
};

/** The actor for each tool and each child that a model may call, by name. */
export type Destinations = {
  readonly tools: ReadonlyMap<string, string>;
  readonly children: ReadonlyMap<string, string>;
  /** The author's tools whose calls a person may have to allow, by name. */
  readonly approvals: ReadonlyMap<string, AuthorTool>;
  readonly isSerial: (tool: string) => boolean;
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
  { text, value, toolCalls, stopReason, rawStopReason, usage }: GenerateOutput,
  { destinations, bounds }: Around,
): Partial<LoopContext> {
  const iterations = context.iterations + 1;
  const tokens = context.tokens + usage.inputTokens + usage.outputTokens;
  const stop = { stopReason, ...(rawStopReason === undefined ? {} : { rawStopReason }) };
  const wasCut = stopReason === 'max-tokens';
  const counted = { next: [], text, value, iterations, tokens, stop, wasCut };
  const end = endOf(stopReason, toolCalls.length > 0 && !(wasCut && context.wasCut === true));
  if (end !== null) return { ...counted, end };
  if (iterations >= bounds.iterationsMax) return { ...counted, end: 'iterations' };
  if (tokens >= bounds.tokensMax) return { ...counted, end: 'tokens' };
  const calls = toolCalls.map((call, i) =>
    planned(call, i, { destinations, bounds, isCut: wasCut }),
  );
  return { ...counted, calls };
}

/** Why an answer ends the loop; null when it goes on with its tool calls. */
function endOf(stopReason: StopReason, goesOn: boolean): ToolLoopEnd | null {
  switch (stopReason) {
    case 'refusal':
      return 'refused';
    case 'context-full':
      return 'context-full';
    case 'max-tokens':
      return goesOn ? null : 'cut-off';
    case 'end':
    case 'stop-sequence':
      return goesOn ? null : 'answered';
    // An answer that ended for its tool calls and has none is no answer.
    case 'tool-calls':
    case 'other':
      return goesOn ? null : 'other';
  }
}

/** The model is told everything that is wrong with its tool call, because only the model can mend it. */
function planned(
  call: ToolCall,
  place: number,
  { destinations, bounds, isCut }: Around & { readonly isCut: boolean },
): PlannedCall {
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
  if (invalid !== undefined) {
    const what = isCut ? `${name} was not carried out` : `The arguments of ${name} cannot be read`;
    return refused(`${what}: ${invalid}`);
  }
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
  const asking = destinations.approvals.get(name);
  const verdict = asking === undefined ? free : verdictOn(asking, input);
  if (verdict.kind === 'wrong') return refused(unfitWords(name, verdict.words));
  return {
    id,
    actor,
    input,
    result: null,
    ...(verdict.kind === 'ask' ? { asks: name } : {}),
    ...(destinations.isSerial(name) ? { serial: true } : {}),
  };
}

const free: Verdict = { kind: 'free' };

function spawned(
  { id, input }: ToolCall,
  { children, isSerial }: Destinations,
  refused: (words: string) => PlannedCall,
): PlannedCall {
  const { agent, input: given = null } = input as { readonly agent?: Json; readonly input?: Json };
  const actor = typeof agent === 'string' ? children.get(agent) : undefined;
  if (actor === undefined) {
    return refused(`spawn.agent must be one of ${[...children.keys()].join(', ')}.`);
  }
  const serial = isSerial('spawn') ? { serial: true } : {};
  return { id, actor, input: given, result: null, ...serial };
}

export function isDue(context: LoopContext, place: number, actor: string): boolean {
  const call = context.calls[place];
  return call?.actor === actor && call.asks === undefined && !isBlocked(context, place);
}

/** True for a call that a person must be asked about first. */
export function isAsking(context: LoopContext, place: number): boolean {
  return context.calls[place]?.asks !== undefined && !isBlocked(context, place);
}

/** True while a call before it, both of them serial, is not over. */
export function isBlocked({ calls }: LoopContext, place: number): boolean {
  if (calls[place]?.serial !== true) return false;
  return calls.slice(0, place).some(({ serial, result }) => serial === true && result === null);
}

/** The context with one of its calls changed. */
export function changed(
  { calls }: LoopContext,
  place: number,
  change: (call: PlannedCall) => PlannedCall,
): Partial<LoopContext> {
  return { calls: calls.map((call, i) => (i === place ? change(call) : call)) };
}

export function withResult(
  context: LoopContext,
  place: number,
  { result, charsMax }: { readonly result: ToolText; readonly charsMax: number },
): Partial<LoopContext> {
  const images = context.calls.reduce((sum, call) => sum + imageChars(call.result ?? noText), 0);
  return changed(context, place, (call) => {
    const { edited, input } = call;
    const fit = withinImages(result, images, charsMax);
    const told = edited === true ? withNote(fit, editNote(input, charsMax)) : fit;
    // The input is not needed any more: it stands in the conversation.
    return { ...call, input: null, result: told };
  });
}

const noText: ToolText = { content: '' };

function editNote(input: Json, charsMax: number): string {
  const text = JSON.stringify(input);
  const shown = text.length > charsMax ? `${text.slice(0, charsMax)}…` : text;
  return toSafeText(`A person has changed the arguments of this call to ${shown}.`);
}

/** The results, in the order of the calls, are the next messages to the model. */
export function observed({ calls }: LoopContext): Partial<LoopContext> {
  const next = calls.map(({ id, result }): GenerateMessage => ({
    role: 'tool',
    toolCallId: id,
    content: result?.content ?? '',
    ...(result?.isError === true ? { isError: true } : {}),
    ...(result?.parts === undefined ? {} : { parts: result.parts }),
  }));
  return { next, calls: [] };
}

/** The value that a loop's `schema` takes: `Json` for a JSON Schema. */
export type ToolLoopValue<Schema> = [Schema] extends [
  {
    /** A Standard Schema. */
    readonly '~standard': {
      /** The types that it has. */
      readonly types?:
        | {
            /** The type of what it takes. */
            readonly input: infer Value;
          }
        | undefined;
    };
  },
]
  ? Value
  : Json;
