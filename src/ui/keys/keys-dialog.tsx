/** What the keys do. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { signal } from '@preact/signals';
import { pages } from '../shell/pages.ts';

const isOpen = signal(false);
export const openKeys = (): void => void (isOpen.value = true);

const keys: readonly (readonly [string, string])[] = [
  ['/', 'filter'],
  ['j k', 'next, previous row'],
  ['x  shift x', 'select a row, all that fit'],
  ['enter', 'open'],
  [', .', 'turn before, next turn'],
  ['space', 'play or halt'],
  ['a e p', 'answer, send an event, pause or resume'],
  ['← → ↑ ↓ + −', 'in the weave: move the hairline and the place on it; zoom'],
  ['esc', 'all threads; clear the selection'],
  ['t', 'light or dark'],
  ['?', 'this'],
];

export function KeysDialog(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = isOpen.value;
  useEffect(() => {
    if (open) dialog.current?.showModal();
  }, [open]);
  return (
    <dialog class="keys" ref={dialog} aria-label="Keys" onClose={() => (isOpen.value = false)}>
      <h1>Keys</h1>
      <dl>
        <dt>
          <kbd>g</kbd> and
        </dt>
        <dd>{pages.map(({ key, name }) => `${key} ${name.toLowerCase()}`).join(', ')}</dd>
        {keys.map(([key, does]) => (
          <>
            <dt key={key}>
              {key.split(' ').map((one) => (one === '' ? ' ' : <kbd key={one}>{one}</kbd>))}
            </dt>
            <dd>{does}</dd>
          </>
        ))}
      </dl>
      <button class="button small" type="button" onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  );
}
