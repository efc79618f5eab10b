/** A piece of a run's journal, by turns. */
import type { Json } from '../../domain/json.ts';
import type { OneTenant } from '../../domain/scope.ts';
import type { RunStatus } from '../../../machines/run.ts';
import type { CallerStore } from '../../store/caller-port.ts';
import type { Heddle } from '../library.ts';

export type JournalTurn = {
  readonly turn: number;
  readonly build: string | null;
  readonly atMs: number;
  /** The run's status after the turn; null where it was not noted. */
  readonly status: RunStatus | null;
  readonly entries: readonly Json[];
};

export async function journalWindow(
  { runtime }: Pick<Heddle, 'runtime'>,
  scope: OneTenant,
  query: Parameters<CallerStore['journal']>[1],
): Promise<readonly JournalTurn[]> {
  const rows = await runtime.store.journal(scope, query);
  return rows.map(({ turn, build, atMs, status, entriesText }) => {
    return { turn, build, atMs, status, entries: JSON.parse(entriesText) as Json[] };
  });
}
