/** How many runs of the search have which value; a click adds the word to the search. */
import type { JSX } from 'preact';
import type { RunFacets } from '../../client/index.ts';
import { Glyph, Swatch } from '../look/glyph.tsx';
import { listed, words as stateWords } from '../look/states.ts';
import type { Search, SearchKey, SearchWord } from './search-words.ts';

const whole = new Intl.NumberFormat('en');
const shownMax = 12;

type Props = {
  readonly facets: RunFacets | null;
  readonly search: Search;
  readonly change: (words: readonly SearchWord[]) => void;
};

export function Facets({ facets, search, change }: Props): JSX.Element {
  const has = ({ key, value }: SearchWord): boolean =>
    search.words.some((word) => word.key === key && word.value === value);
  const turn = (word: SearchWord): void => {
    const rest = search.words.filter(({ key, value }) => key !== word.key || value !== word.value);
    change(has(word) ? rest : [...rest, word]);
  };
  const statuses = facets?.by.status ?? {};
  const row = (
    key: SearchKey,
    value: string,
    n: number,
    name: JSX.Element | string,
  ): JSX.Element => (
    <button
      key={value}
      type="button"
      class={`legend-row ${n === 0 ? 'zero' : ''}`}
      aria-pressed={has({ key, value })}
      disabled={value === ''}
      title={value}
      onClick={() => turn({ key, value })}
    >
      {name}
      <span class="right">
        {whole.format(n)}
        {facets?.isWhole === false && '+'}
      </span>
    </button>
  );
  return (
    <>
      <section class="section" aria-label="By state">
        <h2>State</h2>
        {listed
          .filter((look) => look !== 'slot')
          .map((look) =>
            row(
              'state',
              look,
              statuses[look] ?? 0,
              <>
                <Swatch look={look} />
                <Glyph look={look} />
                <span>{look === 'calling-provider' ? 'calling' : stateWords[look]}</span>
              </>,
            ),
          )}
      </section>
      {(['agent', 'user', 'code'] as const).map((field) => {
        const counts = Object.entries(facets?.by[field] ?? {}).toSorted(([, a], [, b]) => b - a);
        if (counts.length === 0) return null;
        return (
          <section class="section plain-facet" key={field} aria-label={`By ${field}`}>
            <h2>
              {field === 'code' ? 'Error' : field === 'agent' ? 'Agent' : 'User'}{' '}
              <small>{counts.length}</small>
            </h2>
            {counts
              .slice(0, shownMax)
              .map(([value, n]) => row(field, value, n, <span>{value || '(none)'}</span>))}
          </section>
        );
      })}
    </>
  );
}
