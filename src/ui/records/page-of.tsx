/** What the plain pages have in common: a list that is asked for page by page, as a table, with words where it is empty. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Client, Page } from '../../client/index.ts';
import { client } from '../shell/access.ts';
import { noteRefusal } from '../shell/ask.ts';
import { returns } from '../shell/trouble/pulse.ts';
import { Trouble } from '../shell/trouble.tsx';

export type Paged<Item> = {
  readonly items: readonly Item[] | null;
  readonly hasMore: boolean;
  readonly trouble: Error | null;
  readonly more: () => void;
  readonly again: () => void;
};

type Asked<Item> = { readonly items: readonly Item[] | null; readonly cursor: string };

/** Begins anew whenever one of `of` changes. */
export function usePages<Item>(
  ask: (client: Client, cursor: string) => Promise<Page<Item>>,
  of: readonly unknown[],
): Paged<Item> {
  const [{ items, cursor }, setAsked] = useState<Asked<Item>>({ items: null, cursor: '' });
  const [trouble, setTrouble] = useState<Error | null>(null);
  const [round, setRound] = useState(0);
  const [isDropped] = useState({ question: 0 });
  const on = client.value;
  const read = (from: string): void => {
    const question = ++isDropped.question;
    ask(on, from).then(
      (page) => {
        if (question !== isDropped.question) return;
        setTrouble(null);
        setAsked((before) => ({
          items: from === '' ? page.items : [...(before.items ?? []), ...page.items],
          cursor: page.cursor,
        }));
      },
      (error: unknown) => {
        noteRefusal(error);
        if (question === isDropped.question)
          setTrouble(error instanceof Error ? error : new Error(String(error)));
      },
    );
  };
  useEffect(() => read(''), [on, round, returns.value, ...of]);
  return {
    items,
    hasMore: cursor !== '',
    trouble,
    more: () => read(cursor),
    again: () => setRound((n) => n + 1),
  };
}

export function PagedTable<Item>({
  pages,
  heads,
  row,
  label,
  children,
}: {
  readonly pages: Paged<Item>;
  /** Names of the columns; those that begin with `#` are numbers. */
  readonly heads: readonly string[];
  readonly row: (item: Item) => JSX.Element;
  readonly label: string;
  /** Shown where nothing is. */
  readonly children: ComponentChildren;
}): JSX.Element {
  const { items, trouble, hasMore, more, again } = pages;
  if (items === null) {
    return trouble === null ? (
      <p class="quiet">Looking …</p>
    ) : (
      <Trouble error={trouble} again={again} />
    );
  }
  return (
    <>
      {trouble !== null && <Trouble error={trouble} again={again} />}
      {items.length === 0 ? (
        <div class="empty">{children}</div>
      ) : (
        <div class="scrolls" role="region" aria-label={label} tabIndex={0}>
          <table aria-label={label}>
            <thead>
              <tr>
                {heads.map((head) => (
                  <th key={head} scope="col" class={head.startsWith('#') ? 'right' : ''}>
                    {head.replace('#', '')}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>{items.map(row)}</tbody>
          </table>
        </div>
      )}
      {hasMore && (
        <button class="button" type="button" onClick={more}>
          Show more
        </button>
      )}
    </>
  );
}
