/** Runs the custom actions of a turn that has committed, and tells watchers in this process. */
import type { ActionErrors } from './action-errors.ts';
import type { EndHints } from '../../wake/end-hints.ts';
import type { RunEvents } from '../../wake/run-events.ts';
import type { RunWatch } from '../../watch/run-watch.ts';
import type { Log } from '../../ports.ts';
import type { ChartEvent } from '../../../domain/event.ts';
import { thrownText } from '../../../domain/thrown.ts';
import { callOutside } from '../../host/host-code.ts';
import type { ComputedTurn } from '../made-batch.ts';

export type Told = {
  readonly actionErrors: ActionErrors;
  readonly endHints: EndHints;
  readonly runEvents: RunEvents;
  readonly watch: RunWatch;
  readonly log: Log;
};

/** Done at most once: the turn is committed whether or not this succeeds. */
export function tell(
  { actionErrors, endHints, runEvents, watch, log }: Told,
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
      // No turn comes after the last one, so nothing could write its errors.
      if (turn.ended === null) actionErrors.add(runId, { action, turn: turn.draft.turn }, thrown);
    });
  }
  const { tenant, runId } = commit;
  const ended = turn.ended !== null;
  if (ended) endHints.ended(runId);
  const { status } = turn;
  const at = work.hot.turn + 1;
  watch.changed({ tenant, runId, status, turn: at, ended });
  if (runEvents.hears(runId)) runEvents.tell({ tenant, runId, status, turn: at, ended, emitted });
}
