/** Names that begin so; kept in the address. */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { useKeys } from '../keys/keys.ts';
import { setQuery } from '../shell/router.ts';

export function PrefixField({ prefix }: { readonly prefix: string }): JSX.Element {
  const box = useRef<HTMLInputElement>(null);
  useKeys({ '/': () => box.current?.focus() });
  return (
    <label class="prefix">
      <span class="quiet">begins with</span>
      <input
        ref={box}
        class="input mono"
        type="search"
        value={prefix}
        onInput={({ currentTarget }) => setQuery({ prefix: currentTarget.value })}
      />
    </label>
  );
}
