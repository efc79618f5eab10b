/** Searches that somebody has named. This browser keeps them, and no server knows of them. */

export type Saved = { readonly name: string; readonly q: string };

export const savedMax = 50;
const nameMax = 60;

/** What cannot be read is none: another version of these pages may have written it. */
export function readSaved(text: string | null): readonly Saved[] {
  try {
    const given: unknown = JSON.parse(text ?? '[]');
    if (!Array.isArray(given)) return [];
    return given.filter(isSaved).slice(0, savedMax);
  } catch {
    return [];
  }
}

function isSaved(given: unknown): given is Saved {
  const { name, q } = (given ?? {}) as Partial<Record<string, unknown>>;
  return typeof name === 'string' && name !== '' && typeof q === 'string';
}

/** Under a name that is known it takes the place of what was there. The list is bounded: then nothing is added. */
export function withSaved(all: readonly Saved[], given: Saved): readonly Saved[] {
  const name = given.name.trim().slice(0, nameMax);
  if (name === '') return all;
  const one = { name, q: given.q };
  if (all.some((known) => known.name === name)) {
    return all.map((known) => (known.name === name ? one : known));
  }
  return all.length >= savedMax ? all : [...all, one];
}

export const withoutSaved = (all: readonly Saved[], name: string): readonly Saved[] =>
  all.filter((known) => known.name !== name);
