/** A folded turn as the store takes it. */
import type { Kernel } from '../../kernel/port.ts';
import { heddleError } from '../../domain/errors.ts';
import { isRunEvent, type ActionThrew } from '../../domain/event.ts';
import type { Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import type { TurnCommit } from '../../store/batch.ts';
import { checkpointAt } from './checkpoint.ts';
import type { FoldedTurn } from './folded-turn.ts';
import { heldToText } from './held.ts';
import type { HotRun } from './hot-run.ts';
import { questionEnds } from './questions.ts';

/** `notes`: what is journalled before all that the turn has taken. */
export function turnCommit(
  kernel: Kernel,
  turn: FoldedTurn,
  notes: readonly ActionThrew[],
): TurnCommit {
  const { draft, ended } = turn;
  const { from } = draft;
  const chartText = chartTextOf(kernel, turn);
  // Every turn has its row, so that the journal's numbers are dense and a gap shows a loss.
  const journalText = JSON.stringify(
    notes.length === 0 ? draft.journal : [...notes, ...draft.journal],
  );
  const before = from.held;
  const checkpoint = checkpointAt(draft.turn, journalText.length, { before, held: draft.held });
  draft.held = checkpoint.held;
  const { tenant, runId, shard } = from.run;
  return {
    tenant,
    runId,
    shard,
    create: from.fresh ? from.run : null,
    expectedTurn: from.turn,
    status: turn.status,
    reason: turn.reason,
    build: buildOf(turn),
    chartText,
    heldText: ended === null ? heldToText(draft.held) : null,
    checkpoint: checkpoint.isDue && ended === null && chartText !== null,
    journalText,
    ended: ended === null ? null : { outputText: outputText(ended.output), error: ended.error },
    takenInbox: draft.takenInbox,
    takenResults: draft.takenResults,
    inbox: draft.inbox,
    children: draft.children,
    messages: draft.messages,
    memory: draft.memory,
    evaluations: draft.evaluations,
    conversation: draft.conversation,
    images: draft.images,
    subscribe: draft.subscribe,
    unsubscribe: draft.unsubscribe,
    groupCursors: draft.groupCursors,
    setTimers: [...draft.setTimers.values()],
    clearTimers: [...draft.clearTimers],
    openQuestions: ended === null ? [...draft.openQuestions.values()] : [],
    closeQuestions: questionEnds(draft),
  };
}

/** A turn in which the chart took no event leaves the run with the build that it had. */
function buildOf({ draft }: FoldedTurn): string | null {
  const { agent, build } = draft.from;
  return draft.journal.some(isRunEvent) ? agent.build : build;
}

function chartTextOf(kernel: Kernel, { draft, state, ended }: FoldedTurn): string | null {
  if (state === draft.from.state) return draft.from.chartText;
  if (state === null) return null;
  const { agent } = draft.from;
  const text = ended === null ? kernel.persist(agent, state) : kernel.persistEnded(agent, state);
  if (text.length > limits.snapshotBytesMax) {
    throw heddleError('snapshot-too-large', { bytesMax: limits.snapshotBytesMax });
  }
  return text;
}

/** Null for a run without an output. An output that is null gives the text `null`. */
function outputText(output: Json | undefined): string | null {
  return output === undefined ? null : JSON.stringify(output);
}

/** The run after its turn has committed. */
export function afterCommit(turn: FoldedTurn, commit: TurnCommit): HotRun {
  const { draft, state, status, reason } = turn;
  return {
    run: draft.from.run,
    agent: draft.from.agent,
    status,
    reason,
    turn: draft.turn,
    build: commit.build,
    state,
    chartText: commit.chartText,
    held: draft.held,
    fresh: false,
  };
}
