/** The searches that were named here: a click shows one, the cross forgets it. */
import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { setQuery } from '../shell/router.ts';
import { readSaved, savedMax, withoutSaved, withSaved, type Saved } from './saved.ts';

const key = 'heddle-filters';
const saved = signal(readSaved(localStorage.getItem(key)));

// Another tab may name one.
addEventListener('storage', (event) => {
  if (event.key === key) saved.value = readSaved(event.newValue);
});

function keep(all: readonly Saved[]): void {
  saved.value = all;
  localStorage.setItem(key, JSON.stringify(all));
}

export function SavedFilters({ q }: { readonly q: string }): JSX.Element {
  const [name, setName] = useState('');
  const all = saved.value;
  const isKnown = all.some((one) => one.q === q);
  return (
    <section class="section saved" aria-label="Saved searches">
      <h2>Saved</h2>
      {all.map((one) => (
        <div key={one.name} class="saved-row">
          <button
            type="button"
            class="legend-row"
            aria-pressed={one.q === q}
            title={one.q}
            onClick={() => setQuery({ q: one.q }, 'push')}
          >
            {one.name}
          </button>
          <button
            type="button"
            class="forget"
            aria-label={`Forget ${one.name}`}
            onClick={() => keep(withoutSaved(all, one.name))}
          >
            ×
          </button>
        </div>
      ))}
      {q !== '' && !isKnown && all.length < savedMax && (
        <form
          class="save"
          onSubmit={(event) => {
            event.preventDefault();
            keep(withSaved(all, { name, q }));
            setName('');
          }}
        >
          <input
            class="input"
            aria-label="Name of this search"
            placeholder="name this search"
            value={name}
            onInput={({ currentTarget }) => setName(currentTarget.value)}
          />
          <button class="button small" disabled={name.trim() === ''}>
            Save
          </button>
        </form>
      )}
      {all.length === 0 && q === '' && (
        <p class="small quiet">A search gets a name here, and this browser keeps it.</p>
      )}
    </section>
  );
}
