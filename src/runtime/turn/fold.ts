/**
 * Computes one turn of one run, and does not commit it. Each incoming event is folded through the chart;
 * effects on heddle's own state are carried out in the draft and their results folded straight back,
 * until the run only waits for something outside. A reader of heddle starts here.
 *
 * It owns the order of a turn: commands first, then what came in, then the run's new status. It leaves
 * the chart to `chart-fold.ts`, what an incoming thing says to `incoming-event.ts`, the ways to end to
 * `run-end.ts`, reading to `compute-turns.ts` and committing to `turn-batch.ts`.
 *
 * 1. It does no I/O: it yields a question for what it must know (`reading.ts`). Dropping its draft
 *    undoes it.
 * 2. Every event that was taken is journalled in order, so that the journal folded through the chart
 *    gives the state (promise 10).
 * 3. A person's cancel ends the run, whatever comes with it. A parent's stop ends it in order, after
 *    what came before the stop, as a live actor is stopped. A paused run takes only commands.
 * 4. An accepted answer either is the output of its question's invocation, or is journalled as dropped.
 * 5. A step does not count if it throws under a build that the run's last turn did not have.
 */
import type { ChartState, Kernel } from '../../kernel/port.ts';
import type { InboxRow } from '../../store/rows.ts';
import type { RunStatus } from '../../../machines/run.ts';
import { ChartFold } from './chart-fold.ts';
import { note, noteCommands, reasonOf } from './commands.ts';
import { newDraft, type Draft } from './draft.ts';
import type { FoldedTurn } from './folded-turn.ts';
import { isOtherBuild, pausedTurn, stalledTurn } from './held-back.ts';
import type { HotRun } from './hot-run.ts';
import type { Incoming } from './incoming.ts';
import { generationIn, isStop } from './family.ts';
import { eventOf, isAfter, isCommand } from './incoming-event.ts';
import { moveRun, waitingEvent } from './lifecycle.ts';
import { loseTasks } from './lost-tasks.ts';
import { dropAnswers, isAsked } from './questions.ts';
import type { Reading } from './reading.ts';
import { cancelledTurn, endedTurn, stoppedTurn } from './run-end.ts';
import type { TurnContext } from './turn-context.ts';

export function* foldTurn(
  kernel: Kernel,
  from: HotRun,
  incoming: readonly Incoming[],
  context: TurnContext,
): Reading<FoldedTurn> {
  const draft = newDraft(from);
  const rows = incoming.flatMap((item) => (item.kind === 'inbox' ? [item.row] : []));
  const cancel = rows.find((row) => row.kind === 'cancel' && !isStop(row));
  if (cancel !== undefined) {
    for (const row of rows) draft.takenInbox.push(row.seq);
    note(draft, 'cancel', cancel);
    dropAnswers(draft, incoming);
    return cancelledTurn(draft, reasonOf(cancel.payloadText));
  }
  const stop = rows.find(isStop);
  const { paused, reason } = noteCommands(draft, incoming);
  if (from.state === null) draft.held = { ...draft.held, ...generationIn(rows) };
  if (paused) {
    if (stop !== undefined) {
      dropAnswers(draft, incoming);
      return stopped(draft, { state: from.state, status: from.status }, stop);
    }
    return pausedTurn(draft, incoming, reason);
  }

  let status = from.status;
  if (status === 'paused') status = moveRun(status, 'RESUME');
  if (status !== 'admitted') status = moveRun(status, 'ADMIT');
  const fold = new ChartFold(kernel, draft, context);
  if (from.state === null) yield* fold.begin();
  for (const item of incoming) {
    const isOver = fold.isOver || (stop !== undefined && isAfter(item, stop));
    if (item.kind === 'inbox') {
      if (isCommand(item.row)) continue;
      if (item.later === true && !isOver && isAsked(item.row, fold.state)) continue;
      draft.takenInbox.push(item.row.seq);
    }
    if (item.kind === 'result' && item.keptAs !== undefined) draft.takenResults.push(item.keptAs);
    if (isOver) {
      dropAnswers(draft, [item]);
      continue;
    }
    const event = yield* eventOf(draft, item, fold.state);
    if (event !== null) yield* fold.take(event);
  }
  // After what came in, because the outcome of a task may have been kept before its process ended.
  const losses = incoming.filter((item) => item.kind === 'lost');
  for (const givenUp of fold.isOver ? [] : loseTasks(draft, fold.state, losses)) {
    yield* fold.take(givenUp);
  }
  if (fold.state === null) throw new TypeError('a turn without a state');
  if (fold.thrown !== null && isOtherBuild(from)) {
    if (stop !== undefined) return stopped(newDraft(from), from, stop);
    return stalledTurn(from, incoming, fold.thrown);
  }
  if (fold.isOver) return endedTurn(draft, fold.state, status);
  if (stop !== undefined) return stopped(draft, { state: fold.state, status }, stop);
  return waitingTurn(draft, fold.state, status);
}

/**
 * The parent has left the run, which has taken what the parent sent before. What came after is not
 * folded.
 */
function stopped(
  draft: Draft,
  at: { readonly state: ChartState | null; readonly status: RunStatus },
  row: InboxRow,
): FoldedTurn {
  draft.takenInbox.push(row.seq);
  note(draft, 'cancel', row);
  return stoppedTurn(draft, at, reasonOf(row.payloadText));
}

/** The chart goes on: it waits for what it holds open. */
function waitingTurn(draft: Draft, state: ChartState, admitted: RunStatus): FoldedTurn {
  return {
    draft,
    state,
    status: moveRun(admitted, waitingEvent(state)),
    reason: null,
    ended: null,
    changed:
      draft.journal.length > 0 ||
      draft.takenInbox.length > 0 ||
      draft.takenResults.length > 0 ||
      draft.clearTimers.size > 0 ||
      draft.from.fresh,
  };
}
