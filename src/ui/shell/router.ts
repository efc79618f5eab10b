/**
 * The address of the page as a signal. It owns the browser's history; every link of the pages goes through it, so that
 * a page is never loaded anew.
 */
import { computed, signal } from '@preact/signals';
import { pathOf, wordsOf } from './router/address.ts';
import { pagesAt } from './base.ts';

const href = signal(location.href);

addEventListener('popstate', () => {
  href.value = location.href;
});

/** The words of the path behind `/ui`: `/ui/runs/0197` is `['runs', '0197']`. */
export const path = computed(() => wordsOf(new URL(href.value).pathname, pagesAt));

export const query = computed(() => new URL(href.value).searchParams);

export type Query = Readonly<Record<string, string | number | null | undefined>>;

/** The address of a page: its words, and what the query says. Fields without a value are left out. */
export function pageAt(words: readonly string[], fields: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== null && value !== undefined && value !== '') search.set(name, String(value));
  }
  const at = pathOf(pagesAt, words);
  return search.size === 0 ? at : `${at}?${search.toString()}`;
}

export function go(to: string, how: 'push' | 'replace' = 'push'): void {
  if (new URL(to, location.href).href === location.href) return;
  if (how === 'push') history.pushState(null, '', to);
  else history.replaceState(null, '', to);
  const before = new URL(href.value).pathname;
  href.value = location.href;
  if (how === 'push' && location.pathname !== before) scrollTo(0, 0);
}

/** Changes fields of the query and keeps the others. */
export function setQuery(fields: Query, how: 'push' | 'replace' = 'replace'): void {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || value === undefined || value === '') url.searchParams.delete(name);
    else url.searchParams.set(name, String(value));
  }
  go(url.href, how);
}

/** Takes clicks on links of these pages; those that open another tab stay the browser's. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (link === null || link.target !== '' || link.hasAttribute('download')) return;
  const to = new URL(link.href, location.href);
  if (to.origin !== location.origin || !to.pathname.startsWith(`${pagesAt}/`)) return;
  event.preventDefault();
  go(to.href);
}
