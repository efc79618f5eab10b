/** What the plain pages have in common: a list that is asked for page by page, as a table, with words where it is empty. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Client, Page } from '../../client/index.ts';
import { client } from '../shell/access.ts';
import { noteRefusal } from '../shell/ask.ts';
import { QuestionOrder } from '../shell/ask/question-order.ts';
import { returns } from '../shell/trouble/pulse.ts';
import { Trouble } from '../shell/trouble.tsx';

export type Paged<Item> = {
  readonly items: readonly Item[] | null;
  readonly hasMore: boolean;
  /** Nobody has gone on from the first page. */
  readonly isFirst: boolean;
  readonly trouble: Error | null;
  readonly more: () => void;
  /** Begins anew; where an answer is outstanding, once it is there. */
  readonly again: () => void;
};

type Asked<Item> = {
  readonly items: readonly Item[] | null;
  readonly cursor: string;
  readonly isFirst: boolean;
  readonly trouble: Error | null;
  /** Whose question it was: what another was answered is not shown. */
  readonly of: Client | null;
};

const nothing = { items: null, cursor: '', isFirst: true, trouble: null, of: null } as const;

/** Begins anew whenever one of `of` changes. */
export function usePages<Item>(
  ask: (client: Client, cursor: string) => Promise<Page<Item>>,
  of: readonly unknown[],
): Paged<Item> {
  const [asked, setAsked] = useState<Asked<Item>>(nothing);
  const [round, setRound] = useState(0);
  const { current: order } = useRef(new QuestionOrder());
  const on = client.value;
  const read = (from: string): void => {
    const id = order.begun();
    const told = (next: (before: Asked<Item>) => Omit<Asked<Item>, 'of'>): void => {
      const ended = order.ended(id);
      if (ended === null) return;
      setAsked((before) => ({ ...next(before.of === on ? before : nothing), of: on }));
      // Who has gone on from the first page stays there.
      if (ended.isDue && from === '') setRound((n) => n + 1);
    };
    ask(on, from).then(
      ({ items, cursor }) =>
        told((before) => ({
          items: from === '' ? items : [...(before.items ?? []), ...items],
          cursor,
          isFirst: from === '',
          trouble: null,
        })),
      (error: unknown) => {
        noteRefusal(error);
        const trouble = error instanceof Error ? error : new Error(String(error));
        told((before) => ({ ...before, trouble }));
      },
    );
  };
  useEffect(() => read(''), [on, round, ...of]);
  const { items, cursor, isFirst, trouble } = asked.of === on ? asked : nothing;
  const returned = useRef(returns.peek());
  useEffect(() => {
    if (returned.current === returns.value) return;
    returned.current = returns.value;
    if (isFirst) read('');
  }, [returns.value]);
  return {
    items,
    hasMore: cursor !== '',
    isFirst,
    trouble,
    more: () => read(cursor),
    again: () => {
      if (order.again()) setRound((n) => n + 1);
    },
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
