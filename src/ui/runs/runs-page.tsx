/** Runs: a search, its facets, the rows, and commands to several of them. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import './runs.css';
import { client } from '../shell/access.ts';
import { useKeys } from '../keys/keys.ts';
import { noteRefusal } from '../shell/ask.ts';
import { useStream } from '../shell/live.ts';
import { returns } from '../shell/trouble/pulse.ts';
import { pageAt, query, setQuery } from '../shell/router.ts';
import { Trouble } from '../shell/trouble.tsx';
import { BulkBar } from './bulk-bar.tsx';
import { Facets } from './facets.tsx';
import { freshMax, RunList } from './run-list.ts';
import { topicOf } from './fresh.ts';
import { RunTable } from './run-table.tsx';
import { SavedFilters } from './saved-filters.tsx';
import { SearchBox } from './search-box.tsx';
import { useSelection } from './selection.ts';
import {
  filterOf,
  parseSearch,
  writeSearch,
  type Search,
  type SearchWord,
} from './search-words.ts';

const whole = new Intl.NumberFormat('en');
/** Where there is no room beside the rows, the filters are folded above them. */
const asideMinPx = 1_100;

export function RunsPage(): JSX.Element {
  const q = query.value.get('q') ?? '';
  const search = useMemo(() => parseSearch(q), [q]);
  // Ages are counted from when the words were written: rows do not wander out by themselves.
  const filter = useMemo(() => filterOf(search, Date.now()), [search]);
  const list = useMemo(
    () => new RunList(client.value, { refused: noteRefusal, isHidden: () => document.hidden }),
    [client.value],
  );
  useEffect(() => () => list.close(), [list]);
  useEffect(() => list.ask(filter), [list, filter, returns.value]);
  useStream(
    useMemo(() => [topicOf(filter)], [filter]),
    (event) => list.heard(event),
  );
  const selection = useSelection(list, q);
  const box = useRef<HTMLInputElement>(null);
  const change = (words: readonly SearchWord[]): void =>
    setQuery({ q: writeSearch(words) }, 'push');
  useKeys({ '/': () => box.current?.focus(), ...selection.keys });
  const rows = list.rows.value;
  const facets = list.facets.value;
  return (
    <>
      <div class="head">
        <h1>Runs</h1>
        <span class="quiet">
          {filter.phase === undefined || facets === null ? '' : 'among '}
          {facets === null ? '' : `${whole.format(facets.total)}${facets.isWhole ? '' : '+'}`}
          {(list.isOld.value || list.areFacetsOld.value) && ' …'}
        </span>
        {list.fresh.value > 0 && (
          <button class="button small" type="button" onClick={() => list.again()}>
            Show {whole.format(list.fresh.value)}
            {list.fresh.value >= freshMax && '+'} new
          </button>
        )}
      </div>
      <div class="runs">
        <aside>
          <details open={innerWidth > asideMinPx}>
            <summary>Filters</summary>
            <SavedFilters q={q} />
            <Facets facets={facets} search={search} change={change} />
          </details>
        </aside>
        <section>
          <SearchBox search={search} change={change} box={box} />
          {list.trouble.value !== null && (
            <Trouble error={list.trouble.value} again={() => list.again()} />
          )}
          {rows.length === 0 && !list.isOld.value ? (
            <NoRuns search={search} change={change} />
          ) : (
            <RunTable list={list} selection={selection} />
          )}
          <BulkBar list={list} selection={selection} filter={filter} />
        </section>
      </div>
    </>
  );
}

function NoRuns({
  search: { words },
  change,
}: {
  readonly search: Search;
  readonly change: (words: readonly SearchWord[]) => void;
}): JSX.Element {
  if (words.length === 0) return <NoRunYet />;
  return (
    <div class="empty">
      <h1>No run fits this search</h1>
      <p>
        {words.map((word, at) => (
          <button
            key={`${word.key}:${word.value}`}
            class="button small"
            type="button"
            onClick={() => change(words.filter((_, place) => place !== at))}
          >
            Drop {word.key}:{word.value}
          </button>
        ))}{' '}
        or{' '}
        <a class="link" href={pageAt(['runs'])}>
          show all runs
        </a>
        .
      </p>
    </div>
  );
}

function NoRunYet(): JSX.Element {
  return (
    <div class="empty">
      <h1>There is no run yet</h1>
      <p>
        Start one: <code>heddle run AGENT --input '{'{}'}' --follow</code>, or{' '}
        <code>POST /v1/runs</code>.{' '}
        <a class="link" href={pageAt(['agents'])}>
          Agents
        </a>{' '}
        lists what can be started.
      </p>
    </div>
  );
}
