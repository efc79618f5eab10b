/** Which rows are chosen, and which one the keys are at. A new search, or another list, chooses nothing. */
import { useEffect, useState } from 'preact/hooks';
import { go, pageAt } from '../shell/router.ts';
import { placeOf, type KeysAt } from '../keys/keys-at.ts';
import type { RunList } from './run-list.ts';

export type Selection = {
  /** The place of the row that the keys are at. It is the run's: other rows may come before it. */
  readonly current: number;
  readonly ids: ReadonlySet<string>;
  /** Not only the rows that are there: everything that the search means. */
  readonly isAll: boolean;
  readonly toggle: (id: string) => void;
  readonly clear: () => void;
  readonly keys: Readonly<Record<string, () => void>>;
};

export function useSelection(list: RunList, q: string): Selection {
  const [keysAt, setKeysAt] = useState<KeysAt>({ id: null, place: 0 });
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
  const current = placeOf(keysAt, rows);
  const move = (by: number): void => {
    const place = Math.max(0, Math.min(rows.length - 1, current + by));
    setKeysAt({ id: rows[place]?.id ?? null, place });
  };
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
