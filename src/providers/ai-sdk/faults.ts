/**
 * What an error of an AI SDK model means. Errors are known by their shape: the SDK's classes exist once for
 * each of its versions. An error that is none of the SDK's and none of the network's stays as it is, and
 * fails its call alone.
 */
import { isA, propertyOf, thrownText } from '../../domain/thrown.ts';
import { toSafeText } from '../../domain/json.ts';
import { classify } from '../classification.ts';
import { ProviderFault, type ProviderFaultKind } from '../port.ts';
import { BrokenAnswer } from '../wire/faults/broken-answer.ts';
import { readRetryAfter } from '../wire/faults/fault.ts';
import { readToldError } from '../wire/faults/told-error.ts';

const textCharsMax = 500;

/** Errors by which the SDK says, without a status, that this call or its key is wrong. */
const kindsByName: Readonly<Record<string, ProviderFaultKind>> = {
  AI_LoadAPIKeyError: 'refused',
  AI_LoadSettingError: 'refused',
  AI_InvalidArgumentError: 'caller',
  AI_InvalidPromptError: 'caller',
  AI_NoSuchModelError: 'caller',
  AI_UnsupportedFunctionalityError: 'caller',
  AI_UnsupportedModelVersionError: 'caller',
  AI_EmptyResponseBodyError: 'outage',
  AI_InvalidResponseDataError: 'outage',
  AI_JSONParseError: 'outage',
  AI_NoContentGeneratedError: 'outage',
  AI_TypeValidationError: 'outage',
};

/** `isInStream`: the model gave the error as a part of its stream, where any value may stand. */
export function faultOf(thrown: unknown, isInStream: boolean, nowMs: number): unknown {
  if (isA(thrown, BrokenAnswer)) {
    const { breakage } = thrown;
    const isCut = breakage === 'cut';
    return new ProviderFault(classify({ breakage }), shown(thrown.message), null, { isCut });
  }
  const status = propertyOf(thrown, 'statusCode');
  if (typeof status === 'number') return refusal(thrown, status, nowMs);
  const name = propertyOf(thrown, 'name');
  const kind = typeof name === 'string' ? kindsByName[name] : undefined;
  if (kind !== undefined)
    return new ProviderFault(kind, shown(`${String(name)}: ${words(thrown)}`));
  if (isInStream) return toldFault(thrown);
  const code = networkCode(thrown);
  if (code === null && propertyOf(thrown, 'isRetryable') !== true) return thrown;
  const reason = code === null ? words(thrown) : `the provider cannot be reached (${code})`;
  return new ProviderFault('outage', shown(reason));
}

function refusal(thrown: unknown, status: number, nowMs: number): ProviderFault {
  const body = propertyOf(thrown, 'responseBody');
  const told = readToldError(typeof body === 'string' ? body.slice(0, 65_536) : '');
  const headers = propertyOf(thrown, 'responseHeaders');
  const header = (key: string): string | null => {
    const value = propertyOf(headers, key);
    return typeof value === 'string' ? value : null;
  };
  const retryAfterMs = readRetryAfter(header, nowMs);
  const kind = classify({ ...told, status, asksToWait: retryAfterMs !== null });
  const text = told.text === null || told.text === '' ? words(thrown) : told.text;
  const message = [`HTTP ${status}`, told.type, told.code].filter(Boolean).join(' ');
  return new ProviderFault(kind, shown(`${message}: ${text}`), retryAfterMs);
}

/** An error in the stream has a type at best; often it is a text. */
function toldFault(thrown: unknown): ProviderFault {
  const inner = propertyOf(thrown, 'error') ?? thrown;
  const type = propertyOf(inner, 'type');
  const code = propertyOf(inner, 'code');
  const seen = {
    type: typeof type === 'string' ? type : null,
    code: typeof code === 'string' ? code : null,
  };
  return new ProviderFault(classify(seen), shown(`in the stream: ${words(inner)}`));
}

function words(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  const message = propertyOf(thrown, 'message');
  return typeof message === 'string' ? message : thrownText(thrown);
}

/** The code of the deepest cause, such as ECONNREFUSED; null if the error is none of the network's. */
function networkCode(thrown: unknown): string | null {
  let cause = thrown;
  for (let depth = 0; depth < 5; depth++) {
    const code = propertyOf(cause, 'code');
    if (typeof code === 'string' && /^(E[A-Z]+|UND_ERR_[A-Z_]+|CERT_[A-Z_]+)$/.test(code))
      return code;
    cause = propertyOf(cause, 'cause');
    if (cause === undefined || cause === null) return null;
  }
  return null;
}

function shown(text: string): string {
  return toSafeText(text.length > textCharsMax ? `${text.slice(0, textCharsMax)}…` : text);
}
