/**
 * What a chart computed, brought to rest: everything that a run keeps (context, inputs, outputs,
 * events to send) is plain JSON and frozen, so that a hot state and a restored one cannot differ.
 *
 * Frozen for three reasons: an assign that changes its context in place would change the state of
 * before (which the journal has) and, through a chart's literal context, every other run's; and
 * only what cannot change need not be looked at again, so a step looks at what it made and no more.
 */
import { heddleError } from '../domain/errors.ts';
import { checkJson, isSafeText, type Json } from '../domain/json.ts';
import { limits } from '../domain/limits.ts';

const clean = 0;
/** JSON reads the same, but not the same bytes come back: an absent or a prototype-less thing. */
const bent = 1;
const lossy = 2;
type Verdict = typeof clean | typeof bent | typeof lossy;

/**
 * Brings `value` to rest. `before` is a value that has been at rest at this place: parts that it
 * shares with `value` are not looked at again. Properties that are `undefined`, which charts write
 * all the time (`assign({ error: undefined })`), count as absent. Throws `invalid-json` naming the
 * field when JSON would lose anything else.
 */
export function settle(value: unknown, field: string, before?: unknown): Json {
  if (value === undefined) return null;
  const verdict = survey(value, before, 0);
  if (verdict === clean) return value as Json;
  if (verdict === lossy) explain(value, field);
  const copy: unknown = JSON.parse(JSON.stringify(value));
  survey(copy, undefined, 0);
  return copy as Json;
}

function survey(value: unknown, before: unknown, depth: number): Verdict {
  if (depth > limits.jsonDepthMax) return lossy;
  switch (typeof value) {
    case 'string':
      return value === before || isSafeText(value) ? clean : lossy;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? clean : lossy;
    case 'boolean':
      return clean;
    case 'object':
      if (value === null || value === before) return clean;
      return Array.isArray(value)
        ? surveyArray(value, Array.isArray(before) ? before : nothing, depth)
        : surveyObject(value, isObject(before) ? before : nowhere, depth);
    default:
      return lossy;
  }
}

const nothing: readonly unknown[] = [];
const nowhere: Readonly<Record<string, unknown>> = Object.freeze(Object.create(null));

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function surveyArray(
  value: readonly unknown[],
  before: readonly unknown[],
  depth: number,
): Verdict {
  if (Object.getPrototypeOf(value) !== Array.prototype) return lossy;
  // An array can carry more than its items: what `String.match` gives has `index` and `input`.
  if (Object.keys(value).length !== value.length) return lossy;
  let verdict: Verdict = clean;
  for (let i = 0; i < value.length; i++) {
    const part = survey(value[i], before[i], depth + 1);
    if (part === lossy) return lossy;
    if (part === bent) verdict = bent;
  }
  if (verdict === clean) Object.freeze(value);
  return verdict;
}

function surveyObject(
  value: object,
  before: Readonly<Record<string, unknown>>,
  depth: number,
): Verdict {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return lossy;
  let verdict: Verdict = prototype === null ? bent : clean;
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === 'symbol' || key === '__proto__') return lossy;
    const item = (value as Record<string, unknown>)[key];
    if (item === undefined) {
      verdict = bent;
      continue;
    }
    const known = before[key];
    const part = survey(item, known, depth + 1);
    if (part === lossy || (known === undefined && !isSafeText(key))) return lossy;
    if (part === bent) verdict = bent;
  }
  if (verdict === clean) Object.freeze(value);
  return verdict;
}

/** What `settle` checks, changing nothing: for an author's own objects, which stay theirs. */
export function checkPlain(value: unknown, field: string): void {
  if (value !== undefined) checkJson(withoutUndefined(value, field, 0), field);
}

/** The slow way, on failure only: the domain's own check finds the field and the words. */
function explain(value: unknown, field: string): never {
  checkJson(withoutUndefined(value, field, 0), field);
  throw heddleError('invalid-json', { field, reason: 'would not come back from JSON as it is' });
}

function withoutUndefined(value: unknown, field: string, depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth > limits.jsonDepthMax) return value;
  if (Array.isArray(value)) {
    if (Object.keys(value).length !== value.length) {
      throw heddleError('invalid-json', {
        field,
        reason: 'an array with holes or names beside its items is lost in JSON',
      });
    }
    return value.map((item, i) => withoutUndefined(item, `${field}[${i}]`, depth + 1));
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const copy: Record<PropertyKey, unknown> = Object.create(null) as Record<PropertyKey, unknown>;
  for (const key of Reflect.ownKeys(value)) {
    const item = (value as Record<PropertyKey, unknown>)[key];
    if (item !== undefined) {
      copy[key] = withoutUndefined(item, `${field}.${String(key)}`, depth + 1);
    }
  }
  return copy;
}
