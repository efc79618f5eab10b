/**
 * Checks by field what code outside heddle gives: the providers that a host passes in, and the errors of
 * their calls. `check-answer.ts` checks their answers. Code behind these checks trusts the types.
 */
import { asBoolean, asOneOf, asWhole, refuseField } from '../domain/field.ts';
import { checkName } from '../domain/ids.ts';
import type { Json } from '../domain/json.ts';
import { limits } from '../domain/limits.ts';
import { asList, asOptions } from '../domain/options.ts';
import { isA, propertyOf, thrownText } from '../domain/thrown.ts';
import {
  callPreferences,
  ProviderFault,
  type Provider,
  type ProviderFaultKind,
  type ProviderSupport,
} from './port.ts';

/** Throws `invalid-field` for the first field that is wrong. */
export function checkProviders(providers: unknown): readonly Provider[] {
  if (!Array.isArray(providers)) refuseField('providers', 'must be a list');
  providers.forEach((provider: unknown, i) => checkProvider(provider, `providers[${i}]`));
  return providers as readonly Provider[];
}

/** Throws `invalid-field` for the first field that is wrong, named after `field`. */
export function checkProvider(provider: unknown, field: string): void {
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
  checkSupport(of('supports'), `${field}.supports`);
  const tiers = of('tiers');
  if (tiers === undefined) return;
  if (typeof tiers !== 'object' || tiers === null)
    refuseField(`${field}.tiers`, 'must be an object');
  for (const [tier, model] of Object.entries(tiers)) checkName(model, `${field}.tiers.${tier}`);
}

function checkSupport(given: unknown, field: string): void {
  if (given === undefined) return;
  const supports = asOptions(given as ProviderSupport, field, [
    'images',
    'toolChoice',
    'schema',
    'preferences',
  ]);
  if (supports.images !== undefined) {
    asOneOf(supports.images as Json, `${field}.images`, ['bytes', 'bytes-and-urls']);
  }
  asBoolean(supports.toolChoice, `${field}.toolChoice`, false);
  if (supports.schema !== 'without-tools') {
    asBoolean(supports.schema, `${field}.schema`, false);
  }
  asList(supports.preferences ?? [], `${field}.preferences`, {
    max: callPreferences.length,
    what: 'preferences',
  }).forEach((name, i) => asOneOf(name as Json, `${field}.preferences[${i}]`, callPreferences));
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
  const isContextFull = propertyOf(thrown, 'isContextFull') === true;
  const isCut = propertyOf(thrown, 'isCut') === true;
  const more = { isContextFull, isCut };
  return new ProviderFault(kind, thrownText(thrown), isWait ? waitMs : null, more);
}
