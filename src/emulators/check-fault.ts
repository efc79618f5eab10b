/** The faults of a script, checked by field. */
import { asBoolean, asObject, asOneOf, asWhole, onlyKeys, refuseField } from '../domain/field.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { errorNames, type Fault, type Place } from './script.ts';

const placeMax = 100_000_000;
const kinds = ['error', 'error-in-stream', 'hang', 'cut', 'malformed', 'slow'] as const;

export function checkFault(value: Json, field: string): Fault {
  const object = asObject(value, field);
  const kind = asOneOf(object['kind'], `${field}.kind`, kinds);
  const when = checkWhen(object, field);
  const only = (...names: readonly string[]): void =>
    onlyKeys(object, field, ['kind', ...Object.keys(when), ...names]);
  const number = (name: string, min: number): number =>
    wholeOf(object[name], `${field}.${name}`, min);
  const error = () => asOneOf(object['error'], `${field}.error`, errorNames);
  switch (kind) {
    case 'error': {
      only('error', 'afterLatency');
      const afterLatency = asBoolean(object['afterLatency'], `${field}.afterLatency`, false);
      return { ...when, kind, error: error(), afterLatency };
    }
    case 'error-in-stream':
      only('error', 'atEvent');
      return { ...when, kind, error: error(), atEvent: number('atEvent', 0) };
    case 'hang':
      only('at');
      return { ...when, kind, at: checkPlace(object['at'], `${field}.at`) };
    case 'cut':
      only('at');
      return { ...when, kind, at: checkPlace(object['at'], `${field}.at`) };
    case 'malformed':
      only('atEvent');
      return { ...when, kind, atEvent: number('atEvent', 0) };
    case 'slow':
      only('bytes', 'everyMs');
      return { ...when, kind, bytes: number('bytes', 1), everyMs: number('everyMs', 1) };
  }
}

type When = { share: number } | { calls: { from: number; to: number } };

function checkWhen({ share, calls }: JsonObject, field: string): When {
  if ((share === undefined) === (calls === undefined)) {
    refuseField(field, 'must have either a share or calls');
  }
  if (share !== undefined) {
    if (typeof share !== 'number' || !(share >= 0 && share <= 1)) {
      refuseField(`${field}.share`, 'must be a number from 0 to 1');
    }
    return { share };
  }
  const span = asObject(calls, `${field}.calls`);
  onlyKeys(span, `${field}.calls`, ['from', 'to']);
  const from = wholeOf(span['from'], `${field}.calls.from`, 1);
  return { calls: { from, to: wholeOf(span['to'], `${field}.calls.to`, from) } };
}

function checkPlace(value: Json | undefined, field: string): Place {
  if (typeof value === 'string')
    return asOneOf<'start' | 'headers'>(value, field, ['start', 'headers']);
  const object = asObject(value, field);
  onlyKeys(object, field, ['event', 'byte']);
  const { event, byte } = object;
  if ((event === undefined) === (byte === undefined)) {
    refuseField(field, 'must be start, headers, an event or a byte');
  }
  return event === undefined
    ? { byte: wholeOf(byte, `${field}.byte`, 0) }
    : { event: wholeOf(event, `${field}.event`, 0) };
}

function wholeOf(value: Json | undefined, field: string, min: number): number {
  const found = asWhole(value, field, { min, max: placeMax, fallback: null });
  return found ?? refuseField(field, 'must be a whole number');
}

/** The shares all count among the same calls, so their sum may be 1 at most. */
export function checkShares(faults: readonly Fault[], field: string): readonly Fault[] {
  const sum = faults.reduce((total, fault) => total + ('share' in fault ? fault.share : 0), 0);
  if (sum > 1 + 1e-9) refuseField(field, `have shares of ${sum} together; 1 is all calls`);
  return faults;
}
