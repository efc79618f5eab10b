/**
 * Checks by field what code outside heddle gives: the providers that a host passes in, and what their
 * calls return. Code behind these checks trusts the types.
 */
import type { GenerateOutput, ToolCall } from '../domain/catalogue.ts';
import { heddleError } from '../domain/errors.ts';
import { asWhole, refuseField } from '../domain/field.ts';
import { checkName } from '../domain/ids.ts';
import type { Json } from '../domain/json.ts';
import { limits } from '../domain/limits.ts';
import { isA, propertyOf, thrownText } from '../domain/thrown.ts';
import { ProviderFault, type Provider, type ProviderFaultKind } from './port.ts';

/** Throws `invalid-field` for the first field that is wrong. */
export function checkProviders(providers: unknown): readonly Provider[] {
  if (!Array.isArray(providers)) refuseField('providers', 'must be a list');
  providers.forEach((provider: unknown, i) => checkProvider(provider, `providers[${i}]`));
  return providers as readonly Provider[];
}

function checkProvider(provider: unknown, field: string): void {
  if (typeof provider !== 'object' || provider === null) refuseField(field, 'must be an object');
  const of = (key: keyof Provider): unknown => propertyOf(provider, key);
  checkName(of('name'), `${field}.name`);
  const bounds = { min: 1, max: limits.providerCeilingMax };
  const ceiling = asWhole(of('ceiling') as Json, `${field}.ceiling`, { ...bounds, fallback: null });
  if (ceiling === null) refuseField(`${field}.ceiling`, 'must be a whole number of at least 1');
  asWhole(of('startsAt') as Json, `${field}.startsAt`, { ...bounds, fallback: null });
  if (typeof of('call') !== 'function') refuseField(`${field}.call`, 'must be a function');
  if (of('close') !== undefined && typeof of('close') !== 'function') {
    refuseField(`${field}.close`, 'must be a function');
  }
  checkNames(of('models'), `${field}.models`);
  checkNames(of('sharesCeilingWith'), `${field}.sharesCeilingWith`);
  const tiers = of('tiers');
  if (tiers === undefined) return;
  if (typeof tiers !== 'object' || tiers === null)
    refuseField(`${field}.tiers`, 'must be an object');
  for (const [tier, model] of Object.entries(tiers)) checkName(model, `${field}.tiers.${tier}`);
}

function checkNames(names: unknown, field: string): void {
  if (names === undefined) return;
  if (!Array.isArray(names)) refuseField(field, 'must be a list of names');
  names.forEach((name: unknown, i) => checkName(name, `${field}[${i}]`));
}

const faultKinds: readonly ProviderFaultKind[] = [
  'rate-limited',
  'outage',
  'refused',
  'caller',
  'retry-once',
];

/** The fault that a call rejected with; null if it is no `ProviderFault`, or one of an unknown kind. */
export function asFault(thrown: unknown): ProviderFault | null {
  if (!isA(thrown, ProviderFault)) return null;
  const kind = faultKinds.find((known) => known === propertyOf(thrown, 'kind'));
  if (kind === undefined) return null;
  const waitMs = propertyOf(thrown, 'retryAfterMs');
  const isWait = typeof waitMs === 'number' && Number.isFinite(waitMs) && waitMs >= 0;
  return new ProviderFault(kind, thrownText(thrown), isWait ? waitMs : null);
}

/** The answer of a call. Throws `provider-answer-invalid`: the call ends, and its slot is used again. */
export function asAnswer(provider: string, answer: unknown): GenerateOutput {
  const refuse = (field: string, reason: string): never => {
    throw heddleError('provider-answer-invalid', { provider, field, reason });
  };
  if (typeof answer !== 'object' || answer === null) refuse('the answer', 'must be an object');
  const textOf = (of: unknown, key: string, field: string): string => {
    const value = propertyOf(of, key);
    return typeof value === 'string' ? value : refuse(field, 'must be a text');
  };
  const usage = propertyOf(answer, 'usage');
  const tokens = (key: string): number => {
    const value = propertyOf(usage, key);
    const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
    return isCount ? value : refuse(`usage.${key}`, 'must be a whole number of tokens');
  };
  const calls = propertyOf(answer, 'toolCalls');
  const toolCalls = Array.isArray(calls) ? calls : refuse('toolCalls', 'must be a list');
  return {
    text: textOf(answer, 'text', 'text'),
    toolCalls: toolCalls.map((call: unknown, i): ToolCall => {
      const field = `toolCalls[${i}]`;
      const invalid = propertyOf(call, 'invalid');
      return {
        id: textOf(call, 'id', `${field}.id`),
        name: textOf(call, 'name', `${field}.name`),
        input: propertyOf(call, 'input') as Json,
        ...(invalid === undefined ? {} : { invalid: textOf(call, 'invalid', `${field}.invalid`) }),
      };
    }),
    stopReason: textOf(answer, 'stopReason', 'stopReason'),
    usage: { inputTokens: tokens('inputTokens'), outputTokens: tokens('outputTokens') },
    provider: textOf(answer, 'provider', 'provider'),
    model: textOf(answer, 'model', 'model'),
  };
}
