/** Commands to the runs that are selected, or to all that the search means: told first how many that is. */
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { BulkCommand, Client, OpenRunsFilter, RunsFilter } from '../../client/index.ts';
import { client } from '../shell/access.ts';
import { Trouble } from '../shell/trouble.tsx';
import type { RunList } from './run-list.ts';
import type { Selection } from './selection.ts';
import { openFilterOf } from './search-words.ts';

const whole = new Intl.NumberFormat('en');
const commands: readonly BulkCommand[] = ['pause', 'resume', 'cancel'];
/** Commands to runs one by one: so many at once. */
const atOnce = 8;

type Asked = { readonly command: BulkCommand; readonly runs: number };
type Outcome = { readonly done: number; readonly failed: readonly string[] };

type Props = {
  readonly list: RunList;
  readonly selection: Selection;
  readonly filter: RunsFilter;
};

type Bulk = {
  readonly asked: Asked | null;
  readonly outcome: Outcome | null;
  readonly trouble: Error | null;
  readonly count: (command: BulkCommand) => void;
  readonly give: (asked: Asked) => void;
  readonly drop: () => void;
};

function useBulk({ list, selection, filter }: Props): Bulk {
  const [asked, setAsked] = useState<Asked | null>(null);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [trouble, setTrouble] = useState<Error | null>(null);
  const isBusy = useRef(false);
  const open = selection.isAll ? openFilterOf(filter) : null;
  const guarded = async (act: () => Promise<void>): Promise<void> => {
    // A second click while the first is under way does nothing.
    if (isBusy.current) return;
    isBusy.current = true;
    setTrouble(null);
    try {
      await act();
    } catch (error) {
      setTrouble(error instanceof Error ? error : new Error(String(error)));
    } finally {
      isBusy.current = false;
    }
  };
  const on = client.value;
  return {
    asked,
    outcome,
    trouble,
    drop: () => setAsked(null),
    count: (command) =>
      void guarded(async () => {
        const runs = open === null ? selection.ids.size : await on.runs.meant(command, open);
        setAsked({ command, runs });
      }),
    give: ({ command, runs }) =>
      void guarded(async () => {
        const came =
          open === null
            ? await toEach(on, command, [...selection.ids])
            : await toAll(on, command, open, runs);
        setAsked(null);
        setOutcome(came);
        selection.clear();
        list.again();
      }),
  };
}

export function BulkBar(props: Props): JSX.Element | null {
  const { ids, isAll, clear } = props.selection;
  const { asked, outcome, trouble, count, give, drop } = useBulk(props);
  if (ids.size === 0 && outcome === null && trouble === null) return null;
  const chosen = isAll
    ? 'All that fit'
    : `${whole.format(ids.size)} ${ids.size === 1 ? 'run' : 'runs'}`;
  return (
    <div class="bulk" role="region" aria-label="Commands to the selected runs">
      {trouble !== null && <Trouble error={trouble} />}
      {asked !== null && (
        <>
          <b>
            {asked.command} {whole.format(asked.runs)}{' '}
            {isAll ? 'open runs that fit the search' : 'runs'}?
          </b>
          <button class="button main" type="button" onClick={() => give(asked)}>
            Yes, {asked.command}
          </button>
          <button class="button" type="button" onClick={drop}>
            No
          </button>
        </>
      )}
      {asked === null && ids.size > 0 && (
        <>
          <b>{chosen}</b>
          {commands.map((command) => (
            <button class="button" type="button" key={command} onClick={() => count(command)}>
              {command} …
            </button>
          ))}
          <button class="button quiet" type="button" onClick={clear}>
            Clear <kbd>esc</kbd>
          </button>
        </>
      )}
      {outcome !== null && (
        <span role="status" class="quiet">
          {whole.format(outcome.done)} have it.
          {outcome.failed.length > 0 &&
            ` ${whole.format(outcome.failed.length)} could not: ${outcome.failed[0]}`}
        </span>
      )}
    </div>
  );
}

/** As many requests as it takes; each says how many are left. */
async function toAll(
  on: Client,
  command: BulkCommand,
  filter: OpenRunsFilter,
  runs: number,
): Promise<Outcome> {
  let done = 0;
  for (let cursor = '', matches = runs; ;) {
    const came = await on.runs.command(command, filter, {
      matches,
      ...(cursor === '' ? {} : { cursor }),
    });
    done += came.done;
    if (came.cursor === '' || came.left === 0) return { done, failed: [] };
    ({ cursor, left: matches } = came);
  }
}

async function toEach(on: Client, command: BulkCommand, ids: readonly string[]): Promise<Outcome> {
  const failed: string[] = [];
  let done = 0;
  const left = [...ids];
  const work = async (): Promise<void> => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      try {
        await on.runs[command](id);
        done += 1;
      } catch (error) {
        failed.push(error instanceof Error ? error.message : String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return { done, failed };
}
