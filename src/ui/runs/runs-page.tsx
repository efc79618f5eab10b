/** Runs: a search, its facets, the rows, and commands to several of them. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import './runs.css';
import { client } from '../shell/access.ts';
import { useKeys } from '../keys/keys.ts';
import { useStream } from '../shell/live.ts';
import { pageAt, query, setQuery } from '../shell/router.ts';
import { Trouble } from '../shell/trouble.tsx';
import type { RunsFilter, Topic } from '../../client/index.ts';
import { BulkBar } from './bulk-bar.tsx';
import { Facets } from './facets.tsx';
import { RunList } from './run-list.ts';
import { RunTable } from './run-table.tsx';
import { SearchBox } from './search-box.tsx';
import { useSelection } from './selection.ts';
import { filterOf, parseSearch, writeSearch, type SearchWord } from './search-words.ts';

const whole = new Intl.NumberFormat('en');

export function RunsPage(): JSX.Element {
  const q = query.value.get('q') ?? '';
  const search = useMemo(() => parseSearch(q), [q]);
  // Ages are counted from when the words were written: rows do not wander out by themselves.
  const filter = useMemo(() => filterOf(search, Date.now()), [search]);
  const list = useMemo(() => new RunList(client.value), [client.value]);
  useEffect(() => () => list.close(), [list]);
  useEffect(() => list.ask(filter), [list, filter]);
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
          {facets === null ? '' : `${whole.format(facets.total)}${facets.isWhole ? '' : '+'}`}
          {list.isOld.value && ' …'}
        </span>
        {list.fresh.value > 0 && (
          <button class="button small" type="button" onClick={() => list.again()}>
            Show {whole.format(list.fresh.value)} new
          </button>
        )}
      </div>
      <div class="runs">
        <aside>
          <Facets facets={facets} search={search} change={change} />
        </aside>
        <section>
          <SearchBox search={search} change={change} box={box} />
          {list.trouble.value !== null && (
            <Trouble error={list.trouble.value} again={() => list.again()} />
          )}
          {rows.length === 0 && !list.isOld.value ? (
            <NoRuns isFiltered={search.words.length > 0} />
          ) : (
            <RunTable list={list} selection={selection} />
          )}
          <BulkBar list={list} selection={selection} filter={filter} />
        </section>
      </div>
    </>
  );
}

/** The stream knows these fields of a filter; the others are held against the rows that are there. */
function topicOf({ status, agent, user, pipeline, parent }: RunsFilter): Topic {
  const filter = {
    ...(status === undefined ? {} : { status }),
    ...(agent === undefined ? {} : { agent }),
    ...(user === undefined ? {} : { user }),
    ...(pipeline === undefined ? {} : { pipeline }),
    ...(parent === undefined ? {} : { parentRunId: parent }),
  };
  return { kind: 'runs', filter };
}

function NoRuns({ isFiltered }: { readonly isFiltered: boolean }): JSX.Element {
  return (
    <div class="empty">
      <h1>{isFiltered ? 'No run fits this search' : 'There is no run yet'}</h1>
      {isFiltered ? (
        <p>
          <a class="link" href={pageAt(['runs'])}>
            Show all runs
          </a>
        </p>
      ) : (
        <p>
          Start one: <code>heddle run AGENT --input '{'{}'}' --follow</code>, or{' '}
          <code>POST /v1/runs</code>.{' '}
          <a class="link" href={pageAt(['agents'])}>
            Agents
          </a>{' '}
          lists what can be started.
        </p>
      )}
    </div>
  );
}
