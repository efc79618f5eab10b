/** What a committed turn leaves to do in this process: its custom actions, and word to watchers. */
import type { ActionErrors } from './action-errors.ts';
import type { EndHints } from '../../wake/end-hints.ts';
import type { RunEvents } from '../../wake/run-events.ts';
import type { Log } from '../../ports.ts';
import type { ChartEvent } from '../../../domain/event.ts';
import { thrownText } from '../../../domain/thrown.ts';
import { callOutside } from '../../host/host-code.ts';
import type { ComputedTurn } from '../made-batch.ts';

export type Told = {
  readonly actionErrors: ActionErrors;
  readonly endHints: EndHints;
  readonly runEvents: RunEvents;
  readonly log: Log;
};

/** At most once: the commit is there, whatever becomes of this. */
export function tell(
  { actionErrors, endHints, runEvents, log }: Told,
  { work, turn, commit }: ComputedTurn,
): void {
  const emitted: ChartEvent[] = [];
  for (const effect of turn.draft.afterwards) {
    if (effect.kind === 'emit') {
      emitted.push(effect.event);
      continue;
    }
    const { runId } = commit;
    const { type: action } = effect;
    callOutside(effect.perform, (thrown) => {
      log.warn('an action threw', { runId, action, error: thrownText(thrown) });
      // There is no turn after the last one.
      if (turn.ended === null) actionErrors.add(runId, { action, turn: turn.draft.turn }, thrown);
    });
  }
  const { tenant, runId } = commit;
  const ended = turn.ended !== null;
  if (ended) endHints.ended(runId);
  if (!runEvents.hears(runId)) return;
  runEvents.tell({ tenant, runId, status: turn.status, turn: work.hot.turn + 1, ended, emitted });
}
