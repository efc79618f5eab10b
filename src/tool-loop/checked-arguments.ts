/**
 * A model's arguments, checked by an author's schema. A schema is code that heddle did not write: it may
 * throw, reject, or give what is no result. Arguments that it has not plainly accepted never reach a tool.
 */
import { propertyOf, thrownText } from '../domain/thrown.ts';
import type { StandardSchema } from '../domain/standard-schema.ts';

export type Checked =
  | { readonly kind: 'fits'; readonly value: unknown }
  /** `words` are for the model. */
  | { readonly kind: 'wrong'; readonly words: string };

/** Rejects, with an error in words, when the schema itself has failed. */
export async function checkedArguments(schema: StandardSchema, input: unknown): Promise<Checked> {
  let checked: unknown;
  try {
    // A copy, for schemas may change what they check, and the run's own value is frozen.
    checked = await schema['~standard'].validate(structuredClone(input));
  } catch (thrown) {
    throw new Error(`its schema failed: ${thrownText(thrown)}`, { cause: thrown });
  }
  return readChecked(checked);
}

/** What a schema has given, read once. Throws an error in words when it is no result of a schema. */
export function readChecked(checked: unknown): Checked {
  const issues = propertyOf(checked, 'issues') ?? null;
  if (issues !== null) return { kind: 'wrong', words: wordsOf(issues) };
  if (!has(checked, 'value')) throw new Error('its schema gave neither a value nor issues');
  return { kind: 'fits', value: propertyOf(checked, 'value') };
}

function has(thing: unknown, key: string): boolean {
  try {
    return typeof thing === 'object' && thing !== null && key in thing;
  } catch {
    return false;
  }
}

const issuesMax = 20;
const keysMax = 64;

function wordsOf(issues: unknown): string {
  if (typeof issues === 'string') return issues;
  return itemsOf(issues, issuesMax).map(issueWords).join(' ');
}

/** The items of a list alone: one of arktype's paths has a `cache` beside them. */
function itemsOf(list: unknown, itemsMax: number): readonly unknown[] {
  if (!isList(list)) return [];
  const length = Math.min(Number(propertyOf(list, 'length')), itemsMax);
  return Array.from({ length }, (_, at) => propertyOf(list, at));
}

function issueWords(issue: unknown): string {
  if (typeof issue === 'string') return issue;
  const message = thrownText(issue);
  const path = propertyOf(issue, 'path');
  const keys = itemsOf(path, keysMax).map(keyText);
  return keys.length === 0 ? message : `${keys.join('.')}: ${message}`;
}

/** A list of any realm; of a proxy that was revoked nobody can ask it. */
function isList(thing: unknown): boolean {
  try {
    return Array.isArray(thing);
  } catch {
    return false;
  }
}

/** A part of a path: a key, or an object that holds one. */
function keyText(part: unknown): string {
  const isWrapped = typeof part === 'object' && part !== null;
  return thrownText(isWrapped ? propertyOf(part, 'key') : part);
}
