/** Memory: entries by owner. */
import type { JSX } from 'preact';
import type { EntryView, MemoryOwner } from '../../client/index.ts';
import { bytesWords } from '../look/payload.tsx';
import { duration, nowMs } from '../look/time.ts';
import { go, pageAt, query } from '../shell/router.ts';
import { AddressField } from '../look/address-field.tsx';
import { Entry } from './memory-entry.tsx';
import { PagedTable, usePages } from './page-of.tsx';
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
            <AddressField
              class="input mono"
              value={owner}
              give={(name) => go(pageAt(['memory', scope, name || '-']))}
            />
          </label>
        )}
        <PrefixField prefix={prefix} />
      </div>
      <EntryTable key={`${scope} ${owner}`} scope={scope} owner={owner} prefix={prefix} />
    </>
  );
}

/** Of one owner: what another one has is never shown under this one's name. */
function EntryTable({
  scope,
  owner,
  prefix,
}: {
  readonly scope: Scope;
  readonly owner: string;
  readonly prefix: string;
}): JSX.Element {
  const isNamed = scope === 'tenant' || owner !== '';
  const pages = usePages<EntryView>(
    (on, cursor) =>
      isNamed
        ? on.memory.list(ownerOf(scope, owner), { prefix, cursor })
        : Promise.resolve({ items: [], cursor: '' }),
    [scope, owner, prefix],
  );
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
