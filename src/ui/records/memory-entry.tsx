/** An entry of memory: its versions, and what changed between two of them. */
import type { JSX } from 'preact';
import type { Client, MemoryOwner, MemoryVersion, Page } from '../../client/index.ts';
import { Payload } from '../look/payload.tsx';
import { ChangeList } from '../run/change-list.tsx';
import { contextDiff } from '../run/context-diff.ts';
import { useAnswer } from '../shell/ask.ts';
import { pageAt, query, setQuery } from '../shell/router.ts';
import { Trouble } from '../shell/trouble.tsx';
import { usePages } from './page-of.tsx';

const pageVersions = 100;

type Place = MemoryOwner & { readonly key: string };

/** The newest ones, or those before `cursor`. */
async function versionsOf(on: Client, of: Place, cursor: string): Promise<Page<MemoryVersion>> {
  const below = cursor === '' ? {} : { below: Number(cursor) };
  const items = await on.memory.versions(of, { limit: pageVersions, ...below });
  const last = items.at(-1)?.version ?? 1;
  return { items, cursor: last > 1 ? String(last) : '' };
}

export function Entry({
  of,
  at,
  entryKey,
}: {
  readonly of: MemoryOwner;
  readonly at: readonly [string, string];
  readonly entryKey: string;
}): JSX.Element {
  const place: Place = { ...of, key: entryKey };
  const pages = usePages((on, cursor) => versionsOf(on, place, cursor), [JSON.stringify(place)]);
  const list = pages.items ?? [];
  const newest = list[0]?.version ?? 0;
  const asked = Number(query.value.get('version') ?? newest);
  const version = asked >= 1 && asked <= newest && Number.isInteger(asked) ? asked : newest;
  const two = useShown(place, list, version);
  return (
    <>
      <div class="head">
        <a class="quiet" href={pageAt(['memory', ...at])}>
          Memory of {at[0] === 'tenant' ? 'the tenant' : at.join(' ')}
        </a>
        <h1 class="mono">{entryKey}</h1>
      </div>
      {pages.trouble !== null && <Trouble error={pages.trouble} again={pages.again} />}
      <div class="chain" role="group" aria-label="Versions">
        {pages.hasMore && (
          <button class="button quiet" type="button" onClick={pages.more}>
            … earlier versions
          </button>
        )}
        {list.toReversed().map((one) => (
          <button
            key={one.version}
            type="button"
            class="button"
            aria-pressed={one.version === version}
            onClick={() => setQuery({ version: one.version })}
          >
            {one.version}
            {one.deleted && ' deleted'}
            <small class="quiet">
              {one.runId === null ? 'outside' : `…${one.runId.slice(-6)} turn ${one.turn}`}
            </small>
          </button>
        ))}
      </div>
      {two.trouble !== null && <Trouble error={two.trouble} />}
      {two.shown !== undefined && <Version shown={two.shown} before={two.before} />}
    </>
  );
}

/** A version and the one before it: of the list, or asked for where they are not in it. */
function useShown(
  of: Place,
  list: readonly MemoryVersion[],
  version: number,
): {
  readonly shown: MemoryVersion | undefined;
  readonly before: MemoryVersion | undefined;
  readonly trouble: Error | null;
} {
  const find = (all: readonly MemoryVersion[]) => ({
    shown: all.find((one) => one.version === version),
    before: all.find((one) => one.version === version - 1),
  });
  const known = find(list);
  const isWhole =
    version === 0 || (known.shown !== undefined && (version === 1 || known.before !== undefined));
  const far = useAnswer(
    async (on) => (isWhole ? [] : on.memory.versions(of, { limit: 2, below: version + 1 })),
    [JSON.stringify(of), version, isWhole],
  );
  if (isWhole) return { ...known, trouble: null };
  // What is known is shown also while the one before it is asked for, and where it is not kept any more.
  const { shown, before } = find(far.value ?? []);
  return { shown: known.shown ?? shown, before: known.before ?? before, trouble: far.trouble };
}

function Version({
  shown,
  before,
}: {
  readonly shown: MemoryVersion;
  readonly before: MemoryVersion | undefined;
}): JSX.Element {
  const { runId, turn, value, version } = shown;
  const diff = before === undefined ? null : contextDiff(before.value, value);
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
        {diff !== null && diff.changes.length === 0 && '; as the version before it'}
      </p>
      {diff !== null && <ChangeList of={diff} whole="(the value)" />}
      <Payload value={value} label={`version ${version}`} />
    </section>
  );
}
