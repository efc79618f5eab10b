/** The words of the search as chips, and a field for the next one. */
import type { JSX, RefObject } from 'preact';
import { useState } from 'preact/hooks';
import { parseSearch, searchKeys, type Search, type SearchWord } from './search-words.ts';

export function SearchBox({
  search,
  change,
  box,
}: {
  readonly search: Search;
  readonly change: (words: readonly SearchWord[]) => void;
  readonly box: RefObject<HTMLInputElement | null>;
}): JSX.Element {
  const [text, setText] = useState('');
  const { words } = search;
  const typed = parseSearch(text);
  const add = (): void => {
    if (typed.words.length === 0) return;
    change([...words, ...typed.words]);
    setText(typed.unknown.join(' '));
  };
  return (
    <form
      class="search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        add();
      }}
    >
      <div class="search-box">
        {words.map((word, at) => (
          <span class="chip" key={`${word.key}:${word.value}`}>
            {word.key}:{word.value}
            <button
              type="button"
              aria-label={`Without ${word.key}:${word.value}`}
              onClick={() => change(words.filter((_, place) => place !== at))}
            >
              ×
            </button>
          </span>
        ))}
        <input
          ref={box}
          value={text}
          aria-label="Search runs"
          aria-invalid={text.endsWith(' ') && typed.unknown.length > 0}
          placeholder="state:waiting-on-channel agent:editor user:u12 age:>30s"
          onInput={({ currentTarget }) => setText(currentTarget.value)}
          onBlur={add}
          onKeyDown={(event) => {
            if (event.key === 'Backspace' && text === '') change(words.slice(0, -1));
            if (event.key === ' ' && typed.words.length > 0 && typed.unknown.length === 0) {
              event.preventDefault();
              add();
            }
            if (event.key === 'Escape') event.currentTarget.blur();
          }}
        />
      </div>
      <InFlight words={words} change={change} />
      <Hints isHelpful={text !== '' && typed.unknown.length > 0} unknown={search.unknown} />
    </form>
  );
}

function InFlight({
  words,
  change,
}: {
  readonly words: readonly SearchWord[];
  readonly change: (words: readonly SearchWord[]) => void;
}): JSX.Element {
  const isOpen = words.some(({ key, value }) => key === 'state' && value === 'open');
  const others = words.filter(({ key }) => key !== 'state');
  return (
    <button
      class="button"
      type="button"
      aria-pressed={isOpen}
      onClick={() => change(isOpen ? others : [...others, { key: 'state', value: 'open' }])}
    >
      In flight
    </button>
  );
}

function Hints({
  isHelpful,
  unknown,
}: {
  readonly isHelpful: boolean;
  readonly unknown: readonly string[];
}): JSX.Element {
  return (
    <>
      {isHelpful && (
        <p class="small quiet search-hint">
          Words are {searchKeys.map((key) => `${key}:`).join(' ')}
        </p>
      )}
      {unknown.length > 0 && (
        <p class="small search-hint" role="alert">
          Not understood, and left out: {unknown.join(' ')}
        </p>
      )}
    </>
  );
}
