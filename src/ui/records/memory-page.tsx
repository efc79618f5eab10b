/** Memory: entries by owner, and the versions of one with what changed between them. */
import type { JSX } from 'preact';
import type { EntryView, MemoryOwner, MemoryVersion } from '../../client/index.ts';
import { bytesWords, Payload } from '../look/payload.tsx';
import { duration, nowMs } from '../look/time.ts';
import { contextDiff } from '../run/context-diff.ts';
import { useAnswer } from '../shell/ask.ts';
import { go, pageAt, query, setQuery } from '../shell/router.ts';
import { Trouble } from '../shell/trouble.tsx';
import { PagedTable, usePages, type Paged } from './page-of.tsx';
import { PrefixField } from './prefix-field.tsx';

const scopes = ['tenant', 'user', 'agent', 'run'] as const;
type Scope = (typeof scopes)[number];

const ownerOf = (scope: Scope, owner: string): MemoryOwner =>
  scope === 'tenant' ? { scope } : { scope, owner };

export function MemoryPage({
  words: [scope, owner = '-', key],
}: {
  readonly words: readonly string[];
}): JSX.Element {
  const of = scopes.find((one) => one === scope) ?? 'tenant';
  if (key !== undefined) {
    const place = `${of} ${owner} ${key}`;
    return <Entry key={place} of={ownerOf(of, owner)} at={[of, owner]} entryKey={key} />;
  }
  return <Entries scope={of} owner={owner === '-' ? '' : owner} />;
}

function Entries({ scope, owner }: { readonly scope: Scope; readonly owner: string }): JSX.Element {
  const prefix = query.value.get('prefix') ?? '';
  const isNamed = scope === 'tenant' || owner !== '';
  const pages = usePages(
    (on, cursor) =>
      isNamed
        ? on.memory.list(ownerOf(scope, owner), { prefix, cursor })
        : Promise.resolve({ items: [], cursor: '' }),
    [scope, owner, prefix],
  );
  return (
    <>
      <div class="head">
        <h1>Memory</h1>
        <div class="choice" role="group" aria-label="Whose">
          {scopes.map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === scope}
              onClick={() => go(pageAt(['memory', one]))}
            >
              {one}
            </button>
          ))}
        </div>
        {scope !== 'tenant' && (
          <label class="prefix">
            <span class="quiet">{scope === 'run' ? 'run id' : scope}</span>
            <input
              class="input mono"
              value={owner}
              onChange={({ currentTarget }) =>
                go(pageAt(['memory', scope, currentTarget.value || '-']))
              }
            />
          </label>
        )}
        <PrefixField prefix={prefix} />
      </div>
      <EntryTable pages={pages} scope={scope} owner={owner} isNamed={isNamed} />
    </>
  );
}

function EntryTable({
  pages,
  scope,
  owner,
  isNamed,
}: {
  readonly pages: Paged<EntryView>;
  readonly scope: Scope;
  readonly owner: string;
  readonly isNamed: boolean;
}): JSX.Element {
  return (
    <PagedTable
      pages={pages}
      label="Memory entries"
      heads={['key', '#version', '#size', 'begins', 'written by', 'written']}
      row={({ key, version, bytes, valueStart, runId, turn, writtenAtMs }) => (
        <tr key={key}>
          <td class="mono">
            <a href={pageAt(['memory', scope, owner || '-', key])}>{key}</a>
          </td>
          <td class="right">{version}</td>
          <td class="right">{bytesWords(bytes)}</td>
          <td class="mono quiet clip">{valueStart}</td>
          <td>
            {runId === null ? (
              'outside'
            ) : (
              <a class="mono" href={pageAt(['runs', runId], { turn })}>
                …{runId.slice(-12)}
              </a>
            )}
          </td>
          <td>{duration(nowMs.value - writtenAtMs)} ago</td>
        </tr>
      )}
    >
      <h1>{isNamed ? 'There is no entry here' : `Whose memory? Name a ${scope}.`}</h1>
      <p>
        A chart writes one with <code>remember</code>, a program with <code>heddle memory put</code>
        .
      </p>
    </PagedTable>
  );
}

function Entry({
  of,
  at,
  entryKey,
}: {
  readonly of: MemoryOwner;
  readonly at: readonly [string, string];
  readonly entryKey: string;
}): JSX.Element {
  const versions = useAnswer(
    (on) => on.memory.versions({ ...of, key: entryKey }, { limit: 100 }),
    [JSON.stringify(of), entryKey],
  );
  const list = versions.value ?? [];
  const asked = Number(query.value.get('version') ?? list[0]?.version ?? 0);
  const shown = list.find(({ version }) => version === asked) ?? list[0];
  const before =
    shown === undefined ? undefined : list.find(({ version }) => version === shown.parent);
  return (
    <>
      <div class="head">
        <a class="quiet" href={pageAt(['memory', ...at])}>
          Memory of {at[0] === 'tenant' ? 'the tenant' : at.join(' ')}
        </a>
        <h1 class="mono">{entryKey}</h1>
      </div>
      {versions.trouble !== null && <Trouble error={versions.trouble} again={versions.again} />}
      <div class="chain" role="group" aria-label="Versions">
        {list.toReversed().map(({ version, deleted, runId, turn }) => (
          <button
            key={version}
            type="button"
            class="button"
            aria-pressed={version === shown?.version}
            onClick={() => setQuery({ version })}
          >
            {version}
            {deleted && ' deleted'}
            <small class="quiet">
              {runId === null ? 'outside' : `…${runId.slice(-6)} turn ${turn}`}
            </small>
          </button>
        ))}
      </div>
      {shown !== undefined && <Version shown={shown} before={before} />}
    </>
  );
}

function Version({
  shown,
  before,
}: {
  readonly shown: MemoryVersion;
  readonly before: MemoryVersion | undefined;
}): JSX.Element {
  const { runId, turn, value, version } = shown;
  return (
    <section class="section">
      <p>
        Version {version}, written{' '}
        {runId === null ? (
          'from outside'
        ) : (
          <a class="link" href={pageAt(['runs', runId], { turn })}>
            in turn {turn} of run …{runId.slice(-12)}
          </a>
        )}
      </p>
      {before !== undefined && (
        <div class="diff">
          {contextDiff(before.value, value).map(({ path, kind, before: was, after }) => (
            <div key={path} class={kind === 'removed' ? 'removed' : 'added'}>
              <span>{kind === 'removed' ? '−' : '+'}</span>
              <span>
                {path}: {(JSON.stringify(kind === 'removed' ? was : after) ?? '').slice(0, 600)}
              </span>
            </div>
          ))}
        </div>
      )}
      <Payload value={value} label={`version ${version}`} />
    </section>
  );
}
