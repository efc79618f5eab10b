/** The answer of a scripted model to one call: as a test writes it, and in the checked form. */
import type { AssistantPart, ProviderAnswer, ToolCall } from '../../domain/catalogue.ts';
import { asText, asWhole, refuseField } from '../../domain/field.ts';
import { toJson, type Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { checkAnswerParts } from '../../domain/model/message-input.ts';
import { callsOfParts, partsOf, textOfParts } from '../../domain/model/parts.ts';
import { asList, asOptions } from '../../domain/options.ts';
import { classify, rowOf, type Breakage } from '../../providers/classification.ts';
import { ProviderFault } from '../../providers/port.ts';
import { durationMs, type Duration } from '../time/duration.ts';

/** The model answers. A text alone, as in `'Hello'`, means `{ text: 'Hello' }`. */
export type TextAnswer = {
  /** The text. Default: none. */
  readonly text?: string;
  /** What it thinks before that. Default: nothing. */
  readonly reasoning?: string;
  /** The tool calls that the model asks for; a call without an id gets one. */
  readonly toolCalls?: readonly {
    /** The tool's name. */
    readonly name: string;
    /** The tool's arguments. Default: none. */
    readonly input?: Json;
    /** Unique within the answer. */
    readonly id?: string;
  }[];
  /**
   * The whole answer in order, in place of `text`, `reasoning` and `toolCalls`: for signatures of reasoning,
   * images and parts of a provider's own. Each tool call has its id.
   */
  readonly parts?: readonly AssistantPart[];
  /** Default: `tool-calls` when there are tool calls, else `end`. */
  readonly stopReason?: string;
  /** Default: one token of input, one of output. */
  readonly usage?: ProviderAnswer['usage'];
  /** Virtual time until the answer comes. Default: at once. */
  readonly after?: Duration;
};

/**
 * The model refuses, as over HTTP: 429 and 529 mean that the call must wait, 5xx an outage, 401 to
 * 403 a wrong key or no credit, other 4xx a fault of the call.
 */
export type StatusAnswer = {
  /** The HTTP status. */
  readonly status: number;
  /** The wait that the refusal asks for, in milliseconds: the header Retry-After. */
  readonly retryAfterMs?: number;
  /** The text of the refusal. */
  readonly message?: string;
  /** Virtual time until the refusal comes. Default: at once. */
  readonly after?: Duration;
};

/**
 * No complete answer comes: `cut` in the middle of `text`, `unreachable`, `idle`, `unreadable` …
 */
export type BrokenAnswer = {
  /** The way in which it breaks. */
  readonly broken: Breakage;
  /** The text that came before the break: `texts` gives it, and no output contains it. */
  readonly text?: string;
  /** Virtual time until it breaks. Default: at once. */
  readonly after?: Duration;
};

/**
 * No answer comes, until the call is aborted or the test answers it:
 * `t.model.calls[0].answer('late')`.
 */
export type HangingAnswer = {
  /** Always true; there are no other fields. */
  readonly hang: true;
};

/** The behaviour of a scripted model for one call. */
export type ModelAnswer = string | TextAnswer | StatusAnswer | BrokenAnswer | HangingAnswer;

/** A checked answer. */
export type PlannedAnswer =
  | { readonly kind: 'hang' }
  | {
      readonly kind: 'text';
      readonly afterMs: number;
      readonly output: Omit<ProviderAnswer, 'provider' | 'model'>;
    }
  | {
      readonly kind: 'fault';
      readonly afterMs: number;
      /** The text that comes before the fault. */
      readonly text: string;
      readonly fault: ProviderFault;
    };

const textKeys = [
  'text',
  'reasoning',
  'toolCalls',
  'parts',
  'stopReason',
  'usage',
  'after',
] as const;
const statusKeys = ['status', 'retryAfterMs', 'message', 'after'] as const;
const brokenKeys = ['broken', 'text', 'after'] as const;
const breakages: readonly Breakage[] = [
  'unreachable',
  'cut',
  'idle',
  'deadline',
  'unreadable',
  'context-overflow',
  'too-large',
];

/** Throws `invalid-field` for a value that is no answer. */
export function planned(given: ModelAnswer, field: string): PlannedAnswer {
  if (typeof given === 'string') return textAnswer({ text: given }, field);
  if (typeof given !== 'object' || given === null) {
    refuseField(field, 'must be a text or an object with text, toolCalls, status, broken or hang');
  }
  if ('hang' in given) {
    if (asOptions(given, field, ['hang']).hang !== true)
      refuseField(`${field}.hang`, 'must be true');
    return { kind: 'hang' };
  }
  if ('status' in given) return statusAnswer(asOptions(given, field, statusKeys), field);
  if ('broken' in given) return brokenAnswer(asOptions(given, field, brokenKeys), field);
  return textAnswer(asOptions<TextAnswer>(given, field, textKeys), field);
}

function textAnswer(given: TextAnswer, field: string): PlannedAnswer {
  const { after = 0, usage = {} } = given;
  const said = given.parts === undefined ? saidOf(given, field) : wholeOf(given, field);
  const { stopReason = said.toolCalls.length > 0 ? 'tool-calls' : 'end' } = given;
  const output = {
    ...said,
    stopReason: asText(stopReason, `${field}.stopReason`),
    usage: usageOf(usage, `${field}.usage`),
  };
  return { kind: 'text', afterMs: durationMs(after, `${field}.after`), output };
}

type Said = Pick<ProviderAnswer, 'text' | 'toolCalls' | 'parts'>;

function saidOf(given: TextAnswer, field: string): Said {
  const toolCalls = asList(given.toolCalls ?? [], `${field}.toolCalls`, {
    max: 128,
    what: 'calls',
  });
  const calls = toolCalls.map((call, i) => toolCall(call, i, `${field}.toolCalls[${i}]`));
  const said = { text: asText(given.text ?? '', `${field}.text`), toolCalls: calls };
  const reasoning = asText(given.reasoning ?? '', `${field}.reasoning`);
  const thought = { type: 'reasoning', text: reasoning } as const;
  return reasoning === '' ? said : { ...said, parts: [thought, ...partsOf(said)] };
}

function wholeOf(given: TextAnswer, field: string): Said {
  for (const key of ['text', 'reasoning', 'toolCalls'] as const) {
    if (given[key] !== undefined) refuseField(`${field}.${key}`, 'stands among the parts');
  }
  const json = toJson(given.parts, `${field}.parts`) ?? refuseField(`${field}.parts`, 'is no JSON');
  const parts = checkAnswerParts(json, `${field}.parts`);
  return { text: textOfParts(parts), toolCalls: callsOfParts(parts), parts };
}

const tokenKeys = [
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'reasoningTokens',
] as const;
type Usage = ProviderAnswer['usage'];

function usageOf(given: Partial<Usage>, field: string): Usage {
  const counts = Object.entries(asOptions(given, field, tokenKeys)).map(([key, tokens]) => {
    const bounds = { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 };
    return [key, asWhole(tokens, `${field}.${key}`, bounds)];
  });
  return { inputTokens: 1, outputTokens: 1, ...Object.fromEntries(counts) };
}

function toolCall(given: unknown, place: number, field: string): ToolCall {
  type Wish = { readonly id?: string; readonly name: string; readonly input?: unknown };
  const {
    id = `call-${place}`,
    name,
    input,
  } = asOptions(given as Wish, field, ['id', 'name', 'input']);
  const named = asText(name, `${field}.name`);
  return {
    id: asText(id, `${field}.id`),
    name: named,
    input: toJson(input, `${field}.input`) ?? {},
  };
}

function statusAnswer(given: StatusAnswer, field: string): PlannedAnswer {
  const status = asWhole(given.status, `${field}.status`, { min: 300, max: 599, fallback: null });
  if (status === null) refuseField(`${field}.status`, 'must be a whole number');
  const bounds = { min: 0, max: limits.delayMsMax, fallback: null };
  const retryAfterMs = asWhole(given.retryAfterMs, `${field}.retryAfterMs`, bounds);
  const { message = `answered with ${status}`, after = 0 } = given;
  const kind = classify({ status, asksToWait: retryAfterMs !== null });
  const fault = new ProviderFault(kind, asText(message, `${field}.message`), retryAfterMs);
  return { kind: 'fault', afterMs: durationMs(after, `${field}.after`), text: '', fault };
}

function brokenAnswer(given: BrokenAnswer, field: string): PlannedAnswer {
  const { broken, text = '', after = 0 } = given;
  if (!breakages.includes(broken))
    refuseField(`${field}.broken`, `must be one of ${breakages.join(', ')}`);
  const { kind, isContextFull = false } = rowOf({ breakage: broken });
  const fault = new ProviderFault(kind, `${broken} on order`, null, { isContextFull });
  return {
    kind: 'fault',
    afterMs: durationMs(after, `${field}.after`),
    text: asText(text, `${field}.text`),
    fault,
  };
}
