/**
 * What the rules of all vendors are written with. A rule refuses by `refuse`, with the vendor's own sentence
 * where one is known. Nothing here, or in the other files of this folder, imports heddle: the rules are
 * those of the vendors' pages and of the errors that people got.
 */
class Refused extends Error {}

export type Fields = { readonly [field: string]: unknown };

export function refuse(sentence: string): never {
  throw new Refused(sentence);
}

/** The sentence by which the rules refuse a body; null if they take it. */
export function refusalBy(rules: (body: Fields) => void, body: unknown): string | null {
  try {
    rules(fieldsAt(body, 'body'));
    return null;
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
}

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isBlank = (text: string): boolean => text.trim() === '';

export function fieldsAt(value: unknown, at: string): Fields {
  return isFields(value) ? value : refuse(`${at}: Input should be an object`);
}

export function listAt(value: unknown, at: string): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(`${at}: Input should be a valid list`);
}

export function textAt(value: unknown, at: string): string {
  return typeof value === 'string' ? value : refuse(`${at}: Input should be a valid string`);
}

export function fullTextAt(value: unknown, at: string): string {
  const text = textAt(value, at);
  return text === '' ? refuse(`${at}: String should have at least 1 character`) : text;
}

export function oneOfAt<Word extends string>(
  value: unknown,
  at: string,
  words: readonly Word[],
): Word {
  const word = words.find((one) => one === value);
  return word ?? refuse(`${at}: Input should be one of ${words.join(', ')}`);
}

export function wholeAt(value: unknown, at: string, min: number): number {
  const isWhole = typeof value === 'number' && Number.isSafeInteger(value) && value >= min;
  return isWhole ? value : refuse(`${at}: Input should be a whole number from ${min} on`);
}

export function numberAt(value: unknown, at: string, min: number, max: number): number {
  const isInside = typeof value === 'number' && value >= min && value <= max;
  return isInside ? value : refuse(`${at}: range: ${min}..${max}`);
}

export function onlyFields(value: Fields, at: string, known: readonly string[]): void {
  const extra = Object.keys(value).find((field) => !known.includes(field));
  if (extra !== undefined) refuse(`${at}.${extra}: Extra inputs are not permitted`);
}

const base64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Without a `data:` before it. */
export function base64At(value: unknown, at: string): void {
  const data = textAt(value, at);
  if (!base64.test(data) || data.length % 4 !== 0) refuse(`${at}: image must be base64`);
}

export const imageTypes = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'] as const;
