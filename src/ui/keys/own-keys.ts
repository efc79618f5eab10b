/** Keys that an element takes itself: enter on a link, enter and space on a button. No page takes these from it. */

const takers: Readonly<Record<string, string>> = {
  Enter: 'a[href], button, summary',
  ' ': 'button, summary',
};

/** `target`: the element at which the key was pressed. */
export function takesItself(
  key: string,
  target: { readonly closest: (selectors: string) => unknown },
): boolean {
  const selectors = takers[key];
  return selectors !== undefined && target.closest(selectors) !== null;
}
