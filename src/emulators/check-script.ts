/**
 * Checks scripts. They come from files and from code, so each field is checked, and a refusal names
 * the field.
 */
import { asObject, asOneOf, asText, asWhole, onlyKeys, refuseField } from '../domain/field.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { checkFault, checkShares } from './check-fault.ts';
import { outageKinds, type EmulatorScript, type OutageWindow, type Spread } from './script.ts';

/** The longest time that a timer of Node's takes; it is longer than any test runs. */
const msMax = 2_147_483_647;
const listMax = 1_000;

const readers: {
  readonly [Field in keyof EmulatorScript]: (value: Json, field: string) => EmulatorScript[Field];
} = {
  latencyMs: checkSpread,
  firstTokenMs: orNull(checkSpread),
  chunks: whole(1, 10_000),
  ceiling: whole(0, 100_000),
  queueMax: whole(0, 100_000),
  whenFull: (value, field) => asOneOf(value, field, ['rate-limited', 'busy']),
  tokensPerMinute: orNull(whole(1, 1_000_000_000)),
  retryAfterMs: orNull(whole(0, msMax)),
  contextTokens: orNull(whole(1, 1_000_000_000)),
  apiKeys: orNull(listOf(asText)),
  models: orNull(listOf(asText)),
  outage: orNull((value, field) => asOneOf(value, field, outageKinds)),
  outages: listOf(checkWindow),
  faults: (value, field) => checkShares(listOf(checkFault)(value, field), field),
};
const fields = Object.keys(readers) as readonly (keyof EmulatorScript)[];

/** Lays the given fields over `base`, so a script may leave fields out. */
export function checkScript(given: unknown, base: EmulatorScript): EmulatorScript {
  const object = asObject(given, 'script');
  onlyKeys(object, 'script', fields);
  const script: Partial<Record<keyof EmulatorScript, unknown>> = { ...base };
  for (const field of fields) {
    const value = object[field];
    if (value !== undefined) script[field] = readers[field](value, `script.${field}`);
  }
  return script as EmulatorScript;
}

type Reader<Value> = (value: Json, field: string) => Value;

function orNull<Value>(read: Reader<Value>): Reader<Value | null> {
  return (value, field) => (value === null ? null : read(value, field));
}

function whole(min: number, max: number): Reader<number> {
  return (value, field) => wholeOf(value, field, min, max);
}

function wholeOf(value: Json | undefined, field: string, min: number, max: number): number {
  const found = asWhole(value, field, { min, max, fallback: null });
  return found ?? refuseField(field, 'must be a whole number');
}

function listOf<Item>(read: Reader<Item>): Reader<readonly Item[]> {
  return (value, field) => {
    if (!Array.isArray(value)) refuseField(field, 'must be a list');
    if (value.length > listMax) refuseField(field, `may have ${listMax} entries at most`);
    return value.map((item: Json, index) => read(item, `${field}[${index}]`));
  };
}

/** A plain number stands for a fixed time. */
function checkSpread(value: Json, field: string): Spread {
  if (typeof value === 'number') return { kind: 'fixed', ms: wholeOf(value, field, 0, msMax) };
  const object = asObject(value, field);
  const kind = asOneOf(object['kind'], `${field}.kind`, ['fixed', 'uniform', 'lognormal']);
  const time = (name: string, min = 0): number =>
    wholeOf(object[name], `${field}.${name}`, min, msMax);
  switch (kind) {
    case 'fixed':
      onlyKeys(object, field, ['kind', 'ms']);
      return { kind, ms: time('ms') };
    case 'uniform': {
      onlyKeys(object, field, ['kind', 'minMs', 'maxMs']);
      const minMs = time('minMs');
      return { kind, minMs, maxMs: time('maxMs', minMs) };
    }
    case 'lognormal': {
      onlyKeys(object, field, ['kind', 'medianMs', 'sigma', 'maxMs']);
      const medianMs = time('medianMs');
      return { kind, medianMs, sigma: sigmaOf(object, field), maxMs: time('maxMs', medianMs) };
    }
  }
}

function sigmaOf({ sigma }: JsonObject, field: string): number {
  if (typeof sigma !== 'number' || !(sigma >= 0 && sigma <= 10)) {
    refuseField(`${field}.sigma`, 'must be a number from 0 to 10');
  }
  return sigma;
}

function checkWindow(value: Json, field: string): OutageWindow {
  const object = asObject(value, field);
  onlyKeys(object, field, ['kind', 'fromMs', 'toMs']);
  const fromMs = wholeOf(object['fromMs'], `${field}.fromMs`, 0, msMax);
  return {
    kind: asOneOf(object['kind'], `${field}.kind`, outageKinds),
    fromMs,
    toMs: wholeOf(object['toMs'], `${field}.toMs`, fromMs, msMax),
  };
}
