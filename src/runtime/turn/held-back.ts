/**
 * Turns of a run whose chart takes nothing now: the run is paused, or its next step throws under a build
 * that its last turn did not have.
 *
 * 1. Results that this replica has for the run were paid for. They go to the run's inbox and are folded
 *    when the chart goes on. Inbox rows stay where they are, except commands.
 */
import type { RunStatus } from '../../../machines/run.ts';
import type { ErrorRecord } from '../../domain/errors.ts';
import { noteCommands } from './commands.ts';
import { clearTimer, newDraft, type Draft } from './draft.ts';
import type { FoldedTurn } from './folded-turn.ts';
import type { HotRun } from './hot-run.ts';
import type { Incoming } from './incoming.ts';
import { moveRun } from './lifecycle.ts';
import { failTurn } from './run-end.ts';

export function pausedTurn(
  draft: Draft,
  incoming: readonly Incoming[],
  reason: string | null,
): FoldedTurn {
  const { status } = draft.from;
  keep(draft, incoming);
  return heldBack(draft, status === 'paused' ? status : moveRun(status, 'PAUSE'), reason);
}

/** The turn has thrown. The run fails if its last turn had this build; otherwise it is stalled. */
export function brokenTurn(
  from: HotRun,
  incoming: readonly Incoming[],
  error: ErrorRecord,
): FoldedTurn {
  return isOtherBuild(from) ? stalledTurn(from, incoming, error) : failTurn(from, incoming, error);
}

/** True when the run's last turn had another build. A chart that has not begun begins with this one. */
export function isOtherBuild({ state, build, agent }: HotRun): boolean {
  return state !== null && build !== agent.build;
}

/** Drops all that the turn has done, so that another build can do it. */
export function stalledTurn(
  from: HotRun,
  incoming: readonly Incoming[],
  error: ErrorRecord,
): FoldedTurn {
  const draft = newDraft(from);
  noteCommands(draft, incoming);
  keep(draft, incoming);
  const open = from.status === 'paused' ? moveRun(from.status, 'RESUME') : from.status;
  const last = from.build === null ? 'a build of heddle 0.1.0' : `build ${from.build}`;
  const reason =
    `its next step threw under build ${from.agent.build}, and its last turn had ${last}; ` +
    `it is tried again under another build: ${error.message}`;
  return heldBack(draft, moveRun(open, 'STALL'), reason);
}

function heldBack(draft: Draft, status: RunStatus, reason: string | null): FoldedTurn {
  const { from } = draft;
  const isShown = from.status === status && (status === 'paused' || from.reason === reason);
  return {
    draft,
    state: from.state,
    status,
    reason,
    ended: null,
    changed: !isShown || draft.takenInbox.length > 0 || draft.inbox.length > 0,
  };
}

function keep(draft: Draft, incoming: readonly Incoming[]): void {
  const { tenant, runId, shard } = draft.from.run;
  for (const item of incoming) {
    // A chart that is held back begins no task again, so a loss is not counted.
    if (item.kind === 'lost') continue;
    if (item.kind === 'inbox' || (item.kind === 'result' && item.keptAs !== undefined)) continue;
    if (item.kind === 'timer') clearTimer(draft, item.timerId);
    const payloadText = JSON.stringify(item);
    draft.inbox.push({ tenant, runId, shard, kind: 'result', ref: null, payloadText, key: null });
  }
}
