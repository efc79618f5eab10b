/** What a scripted model says to one call, as a test writes it, and the form in which it is carried out. */
import type { ProviderAnswer, ToolCall } from '../../domain/catalogue.ts';
import { asText, asWhole, refuseField } from '../../domain/field.ts';
import { toJson, type Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { asList, asOptions } from '../../domain/options.ts';
import { classify, type Breakage } from '../../providers/classification.ts';
import { ProviderFault } from '../../providers/port.ts';
import { durationMs, type Duration } from '../time/duration.ts';

/** It answers. A text alone, as in `'Hello'`, is `{ text: 'Hello' }`. */
export type TextAnswer = {
  /** What it says. Default: nothing. */
  readonly text?: string;
  /** Tools that it wants called; an id is made for each that has none. */
  readonly toolCalls?: readonly {
    /** The tool's. */
    readonly name: string;
    /** Its arguments. Default: none. */
    readonly input?: Json;
    /** Unique in its answer. */
    readonly id?: string;
  }[];
  /** Default: `tool-calls` where it wants any, else `end`. */
  readonly stopReason?: string;
  /** Default: one token in, one out. */
  readonly usage?: ProviderAnswer['usage'];
  /** Virtual time until the answer comes. Default: at once. */
  readonly after?: Duration;
};

/** It refuses, as over HTTP: 429 and 529 mean wait, 5xx an outage, 401 to 403 key or spend, other 4xx this call's own fault. */
export type StatusAnswer = {
  /** The HTTP status. */
  readonly status: number;
  /** How long it asks to wait, in milliseconds: the header Retry-After. */
  readonly retryAfterMs?: number;
  /** In words. */
  readonly message?: string;
  /** Virtual time until the refusal comes. Default: at once. */
  readonly after?: Duration;
};

/** No complete answer comes: `cut` in the middle of `text`, `unreachable`, `idle`, `unreadable` … */
export type BrokenAnswer = {
  /** How it breaks. */
  readonly broken: Breakage;
  /** What had come by then: heard by `texts`, and never an output. */
  readonly text?: string;
  /** Virtual time until it breaks. Default: at once. */
  readonly after?: Duration;
};

/** Nothing comes, until the call is aborted or the test answers it: `t.model.calls[0].answer('late')`. */
export type HangingAnswer = {
  /** Nothing else is said. */
  readonly hang: true;
};

/** What a scripted model does with one call. */
export type ModelAnswer = string | TextAnswer | StatusAnswer | BrokenAnswer | HangingAnswer;

/** An answer, checked. */
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
      /** Comes before the fault. */
      readonly text: string;
      readonly fault: ProviderFault;
    };

const textKeys = ['text', 'toolCalls', 'stopReason', 'usage', 'after'] as const;
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

/** Throws `invalid-field` for what is no answer. */
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
  const { text = '', after = 0, usage = { inputTokens: 1, outputTokens: 1 } } = given;
  const toolCalls = asList(given.toolCalls ?? [], `${field}.toolCalls`, {
    max: 128,
    what: 'calls',
  });
  const { stopReason = toolCalls.length > 0 ? 'tool-calls' : 'end' } = given;
  const output = {
    text: asText(text, `${field}.text`),
    toolCalls: toolCalls.map((call, i) => toolCall(call, i, `${field}.toolCalls[${i}]`)),
    stopReason: asText(stopReason, `${field}.stopReason`),
    usage,
  };
  return { kind: 'text', afterMs: durationMs(after, `${field}.after`), output };
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
  const status = asWhole(given.status, `${field}.status`, { min: 300, max: 599, fallback: 0 });
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
  const fault = new ProviderFault(classify({ breakage: broken }), `${broken} on order`);
  return {
    kind: 'fault',
    afterMs: durationMs(after, `${field}.after`),
    text: asText(text, `${field}.text`),
    fault,
  };
}
