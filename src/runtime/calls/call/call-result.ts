/** The forms in which a provider's answer and its fault reach the chart. */
import type { AttemptNote } from '../../../domain/calls/attempt.ts';
import type { AssistantPart, GenerateOutput, ToolCall } from '../../../domain/catalogue.ts';
import { heddleError } from '../../../domain/errors.ts';
import { recordOf } from '../../../domain/failure.ts';
import { isSafeText, toJson, toSafeJson, toSafeText, type Json } from '../../../domain/json.ts';
import { limits } from '../../../domain/limits.ts';
import { isA, propertyOf, thrownText } from '../../../domain/thrown.ts';
import type { CallOutcome } from '../../../providers/capacity/gate.ts';
import { ProviderFault } from '../../../providers/port.ts';
import type { Incoming } from '../../turn/incoming.ts';
import type { RunCall } from './run-call.ts';

/** The call ended without an outcome of its request: that says nothing about the provider. */
export const aborted: CallOutcome = { kind: 'aborted' };

/**
 * A model may write anything. Only this function makes its answer fit to keep: characters that Postgres
 * refuses are taken out, and a tool call that cannot be kept says so.
 */
export function resultOf(output: GenerateOutput): Json {
  const { text, toolCalls, parts } = output;
  const safe = {
    ...output,
    text: toSafeText(text),
    toolCalls: toolCalls.map(safeToolCall),
    ...(parts === undefined ? {} : { parts: parts.flatMap(safePart) }),
  };
  return toJson(safe, 'generate') ?? null;
}

/** A part that must go back unchanged is left out when it cannot be kept unchanged. */
function safePart(part: AssistantPart): readonly AssistantPart[] {
  switch (part.type) {
    case 'text':
      return [{ ...part, text: toSafeText(part.text) }];
    case 'reasoning': {
      const texts = [part.text, part.signature ?? '', part.encrypted ?? ''];
      return texts.every(isSafeText) ? [part] : [];
    }
    case 'tool-call':
      return [{ type: 'tool-call', ...safeToolCall(part) }];
    case 'image':
      return [part];
    case 'opaque':
      return isKept(part.data) ? [part] : [];
  }
}

function isKept(data: Json): boolean {
  const safe = toSafeJson(data);
  return safe !== undefined && JSON.stringify(safe) === JSON.stringify(data);
}

function safeToolCall({ id, name, input, invalid, extra }: ToolCall): ToolCall {
  const kept = extra !== undefined && isKept(extra.data) ? { extra } : {};
  const names = { id: toSafeText(id), name: toSafeText(name), ...kept };
  const told = invalid === undefined ? {} : { invalid: toSafeText(invalid) };
  const safe = toSafeJson(input);
  if (safe !== undefined) return { ...names, input: safe, ...told };
  const depth = limits.jsonDepthMax;
  const reason = `the input is nested deeper than ${depth}, or holds a key __proto__ or a number that is too large`;
  return { ...names, input: {}, invalid: reason, ...told };
}

/** A fault as the run's next turn takes it. */
export function faultResult(
  { invocationId: id, incarnation }: Pick<RunCall, 'invocationId' | 'incarnation'>,
  thrown: unknown,
  attempt: AttemptNote | null = null,
): Extract<Incoming, { kind: 'result' }> {
  const event = { kind: 'failed', id, incarnation, error: recordOf(thrown) } as const;
  return { kind: 'result', event: attempt === null ? event : { ...event, attempt } };
}

export function callError(provider: string, error: unknown): unknown {
  if (!isA(error, ProviderFault)) return error;
  const detail = { provider, reason: thrownText(error) };
  return propertyOf(error, 'isContextFull') === true
    ? heddleError('context-full', detail)
    : heddleError('provider-refused', detail);
}
