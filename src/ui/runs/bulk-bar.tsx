/** Commands to the runs that are selected, or to all that the search means: told first how many that is. */
import type { JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import type { BulkCommand, Client, OpenRunsFilter } from '../../client/index.ts';
import { client } from '../shell/access.ts';
import { Trouble } from '../shell/trouble.tsx';
import { toAll, toEach, type Outcome } from './give.ts';
import type { RunList } from './run-list.ts';
import type { Selection } from './selection.ts';
import { openFilterOf, type RunsMeant } from './search-words.ts';

const whole = new Intl.NumberFormat('en');
const commands: readonly BulkCommand[] = ['pause', 'resume', 'cancel'];

/** Whom a command is for: the runs that are selected, or by a filter all that the search means. */
type Meant = {
  readonly on: Client;
  readonly ids: ReadonlySet<string>;
  readonly filter: OpenRunsFilter | null;
};

type Asked = { readonly command: BulkCommand; readonly runs: number; readonly of: Meant };

type Props = {
  readonly list: RunList;
  readonly selection: Selection;
  readonly filter: RunsMeant;
};

type Bulk = {
  readonly asked: Asked | null;
  readonly outcome: Outcome | null;
  readonly trouble: Error | null;
  readonly count: (command: BulkCommand) => void;
  readonly give: (asked: Asked) => void;
  readonly drop: () => void;
  /** All that fit are meant, and not the selected rows. */
  readonly isAll: boolean;
};

function useBulk({ list, selection, filter }: Props): Bulk {
  const [asked, setAsked] = useState<Asked | null>(null);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [trouble, setTrouble] = useState<Error | null>(null);
  const isBusy = useRef(false);
  const on = client.value;
  const { ids, isAll } = selection;
  const meant = useMemo(
    (): Meant => ({ on, ids, filter: isAll ? openFilterOf(filter) : null }),
    [on, ids, isAll, filter],
  );
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
  return {
    // A question that was asked of another selection is no question any more.
    asked: asked?.of === meant ? asked : null,
    outcome,
    trouble,
    drop: () => setAsked(null),
    isAll: meant.filter !== null,
    count: (command) =>
      void guarded(async () => {
        const { filter: open } = meant;
        const runs = open === null ? ids.size : await on.runs.meant(command, open);
        setAsked({ command, runs, of: meant });
      }),
    give: ({ command, runs, of }) =>
      void guarded(async () => {
        const came =
          of.filter === null
            ? await toEach(of.on, command, of.ids)
            : await toAll(of.on, command, { filter: of.filter, runs });
        setAsked(null);
        setOutcome(came);
        selection.clear();
        list.again();
      }),
  };
}

export function BulkBar(props: Props): JSX.Element | null {
  const { ids, clear } = props.selection;
  const { asked, outcome, trouble, isAll, count, give, drop } = useBulk(props);
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
