/** Keys that an element takes itself: enter on a link, enter and space on a button. No page takes these from it. */

const takers: Readonly<Record<string, string>> = {
  Enter: 'a[href], button, summary',
  ' ': 'button, summary, input',
};

/** Inputs into which nobody writes: they take arrows and space, and no letters. */
const wordless = new Set(['checkbox', 'radio', 'range']);

/** Somebody writes there, or chooses by letters. */
export const isWrittenIn = ({
  tagName,
  type,
}: {
  readonly tagName: string;
  readonly type?: string;
}): boolean =>
  tagName === 'INPUT' ? !wordless.has(type ?? '') : /^(TEXTAREA|SELECT)$/.test(tagName);

/** `target`: the element at which the key was pressed. */
export function takesItself(
  key: string,
  target: { readonly closest: (selectors: string) => unknown },
): boolean {
  const selectors = takers[key];
  return selectors !== undefined && target.closest(selectors) !== null;
}
