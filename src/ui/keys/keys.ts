/**
 * Keys. A page says which keys it takes while it is shown; `g` and a letter goes to a page from everywhere. Nothing is
 * taken while somebody types.
 */
import { useEffect, useRef } from 'preact/hooks';
import { go, pageAt } from '../shell/router.ts';
import { pages } from '../shell/pages.ts';
import { isWrittenIn, takesItself } from './own-keys.ts';

export type Keys = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** What each component takes, as it was drawn last: a key may come before its effects have run. */
const taken: { readonly current: Keys }[] = [];
let isAfterG = false;

const isTyping = (event: KeyboardEvent): boolean =>
  event.target instanceof HTMLElement &&
  (event.target.isContentEditable || isWrittenIn(event.target));

export function takeKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event) && event.key !== 'Escape') return;
  if (document.querySelector('dialog[open]') !== null) return;
  if (event.target instanceof Element && takesItself(event.key, event.target)) return;
  if (isAfterG) {
    isAfterG = false;
    const page = pages.find(({ key }) => key === event.key);
    if (page !== undefined) return go(pageAt([page.word]));
  }
  if (event.key === 'g') return void (isAfterG = true);
  const name =
    event.shiftKey && event.key.length === 1 ? `shift+${event.key.toLowerCase()}` : event.key;
  const act = taken.findLast(({ current: keys }) => keys[event.key] ?? keys[name])?.current;
  const take = act?.[event.key] ?? act?.[name];
  if (take === undefined) return;
  event.preventDefault();
  take(event);
}

/** While the component is shown. Later ones come before earlier ones. */
export function useKeys(keys: Keys): void {
  const newest = useRef(keys);
  newest.current = keys;
  useEffect(() => {
    taken.push(newest);
    return () => void taken.splice(taken.indexOf(newest), 1);
  }, []);
}
