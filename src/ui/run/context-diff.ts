/** What changed between two values, such as a context before and after a turn, path by path. */

export type Change = {
  /** Such as `draft.title` or `facts.2`; empty for the value itself. */
  readonly path: string;
  readonly kind: 'added' | 'removed' | 'changed';
  readonly before?: unknown;
  readonly after?: unknown;
};

const changesMax = 200;

const shownChars = 600;
/** So much of what is alike stands before the place where two texts part. */
const alikeChars = 60;

/**
 * Both as JSON, from near the place where they part: of two long texts that begin alike the beginnings would look the
 * same. What is left out stands as `…`.
 */
export function parted(before: unknown, after: unknown): readonly [string, string] {
  const texts = [before, after].map((value) => JSON.stringify(value) ?? 'undefined') as [
    string,
    string,
  ];
  const [a, b] = texts;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  const isSeen = Math.max(a.length, b.length) <= shownChars || at < shownChars / 2;
  const from = isSeen ? 0 : at - alikeChars;
  const shown = (text: string): string =>
    `${from === 0 ? '' : '…'}${text.slice(from, from + shownChars)}${text.length > from + shownChars ? '…' : ''}`;
  return [shown(a), shown(b)];
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

export type Changes = {
  /** The first ones. */
  readonly changes: readonly Change[];
  /** How many more there are. */
  readonly left: number;
};

export function contextDiff(before: unknown, after: unknown): Changes {
  const changes: Change[] = [];
  let left = 0;
  const add = (change: Change): void => {
    if (changes.length < changesMax) changes.push(change);
    else left += 1;
  };
  const walk = (path: string, a: unknown, b: unknown): void => {
    if (Object.is(a, b)) return;
    const areAlike = isObject(a) && isObject(b) && Array.isArray(a) === Array.isArray(b);
    if (!areAlike) {
      if (JSON.stringify(a) === JSON.stringify(b)) return;
      add({ path, kind: 'changed', before: a, after: b });
      return;
    }
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const at = path === '' ? key : `${path}.${key}`;
      if (!Object.hasOwn(a, key)) add({ path: at, kind: 'added', after: b[key] });
      else if (!Object.hasOwn(b, key)) add({ path: at, kind: 'removed', before: a[key] });
      else walk(at, a[key], b[key]);
    }
  };
  walk('', before, after);
  return { changes, left };
}
