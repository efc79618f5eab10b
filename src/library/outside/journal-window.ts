/** A piece of a run's journal, by turns. */
import type { Json } from '../../domain/json.ts';
import type { Asked } from '../../store/port.ts';
import type { Heddle } from '../library.ts';

export type JournalTurn = {
  readonly turn: number;
  readonly build: string | null;
  readonly atMs: number;
  readonly entries: readonly Json[];
};

export async function journalWindow(
  { runtime }: Pick<Heddle, 'runtime'>,
  at: Asked<'journal'>,
): Promise<readonly JournalTurn[]> {
  const rows = await runtime.store.journal(at);
  return rows.map(({ turn, build, atMs, entriesText }) => {
    return { turn, build, atMs, entries: JSON.parse(entriesText) as Json[] };
  });
}
