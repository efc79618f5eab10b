/** What a committed turn leaves to do in this process: its custom actions, and word to watchers. */
import type { ChartEvent } from '../domain/event.ts';
import type { Parts } from './parts.ts';
import type { ComputedTurn } from './turn-work.ts';

/** At most once: the commit is there, whatever becomes of this. */
export function tell({ watch, log }: Parts, { work, turn, commit }: ComputedTurn): void {
  const emitted: ChartEvent[] = [];
  for (const effect of turn.draft.afterwards) {
    if (effect.kind === 'emit') {
      emitted.push(effect.event);
      continue;
    }
    const { runId } = commit;
    const warn = (error: unknown): void => {
      log.warn('an action threw', { runId, action: effect.type, error: String(error) });
    };
    try {
      const performed: unknown = effect.perform();
      // An async action fails later, and nobody else would hear of it but the process.
      if (performed instanceof Promise) performed.catch(warn);
    } catch (error) {
      warn(error);
    }
  }
  const { tenant, runId } = commit;
  if (!watch.hears(runId)) return;
  const ended = turn.ended !== null;
  watch.tell({ tenant, runId, status: turn.status, turn: work.hot.turn + 1, ended, emitted });
}
