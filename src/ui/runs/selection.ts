/** Which rows are chosen, and which one the keys are at. A new search, or another list, chooses nothing. */
import { useEffect, useState } from 'preact/hooks';
import { go, pageAt } from '../shell/router.ts';
import type { RunList } from './run-list.ts';

export type Selection = {
  readonly current: number;
  readonly ids: ReadonlySet<string>;
  /** Not only the rows that are there: everything that the search means. */
  readonly isAll: boolean;
  readonly toggle: (id: string) => void;
  readonly clear: () => void;
  readonly keys: Readonly<Record<string, () => void>>;
};

export function useSelection(list: RunList, q: string): Selection {
  const [current, setCurrent] = useState(0);
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const [isAll, setAll] = useState(false);
  const clear = (): void => {
    setIds(new Set());
    setAll(false);
  };
  useEffect(clear, [list, q]);
  const toggle = (id: string): void => {
    const next = new Set(ids);
    if (!next.delete(id)) next.add(id);
    setIds(next);
    setAll(false);
  };
  const rows = list.rows.value;
  const move = (by: number): void =>
    setCurrent(Math.max(0, Math.min(rows.length - 1, current + by)));
  const keys = {
    j: () => move(1),
    k: () => move(-1),
    x: () => {
      const row = rows[current];
      if (row !== undefined) toggle(row.id);
    },
    'shift+x': () => {
      setIds(new Set(rows.map(({ id }) => id)));
      setAll(true);
    },
    Enter: () => {
      const row = rows[current];
      if (row !== undefined) go(pageAt(['runs', row.id]));
    },
    Escape: clear,
  };
  return { current, ids, isAll, toggle, clear, keys };
}
