/**
 * A turn that is being computed: everything that its commit will write, gathered in order.
 * Owns nothing outside itself; dropping a draft undoes the turn.
 */
import type { AskAddress } from '../../domain/ask-id.ts';
import type { Effect } from '../../domain/effect.ts';
import type { JournalEntry, RunEvent } from '../../domain/event.ts';
import type { QuestionInsert, TimerInsert, TurnCommit } from '../../store/batch.ts';
import type { Held } from './held.ts';
import type { HotRun } from './hot-run.ts';

/** `incarnation` is null when an older heddle has not noted it and the run's chart is not here. */
type ClosedQuestion = { readonly invocationId: string; readonly incarnation: number | null };

/** Parts of the commit that are gathered under the names that they have there. */
type Gathered =
  | ('takenInbox' | 'takenResults' | 'inbox' | 'children' | 'messages' | 'memory' | 'evaluations')
  | ('conversation' | 'images' | 'subscribe' | 'unsubscribe' | 'groupCursors');

export type Draft = { readonly [Part in Gathered]: TurnCommit[Part][number][] } & {
  readonly from: HotRun;
  /** The number that this turn will have. */
  readonly turn: number;
  held: Held;
  readonly journal: JournalEntry[];
  readonly setTimers: Map<string, TimerInsert>;
  readonly clearTimers: Set<string>;
  readonly openQuestions: Map<string, QuestionInsert>;
  /** Questions that were open before this turn. */
  readonly closedQuestions: ClosedQuestion[];
  /** For each answer that this turn has taken out of the inbox: the question that it was for. */
  readonly takenAnswers: AskAddress[];
  /** Actions and emitted events. They are carried out after the commit, and not at all if it fails. */
  readonly afterwards: Extract<Effect, { kind: 'act' | 'emit' }>[];
  /**
   * Completions of effects that were carried out inside this turn, to be folded before anything else.
   */
  readonly inner: RunEvent[];
  effectCount: number;
};

export function newDraft(from: HotRun): Draft {
  return {
    from,
    turn: from.turn + 1,
    held: from.held,
    journal: [],
    takenInbox: [],
    takenResults: [],
    inbox: [],
    children: [],
    messages: [],
    memory: [],
    evaluations: [],
    conversation: [],
    images: [],
    subscribe: [],
    unsubscribe: [],
    groupCursors: [],
    setTimers: new Map(),
    clearTimers: new Set(),
    openQuestions: new Map(),
    closedQuestions: [],
    takenAnswers: [],
    afterwards: [],
    inner: [],
    effectCount: 0,
  };
}

/** Timers of the chart and of the runtime live in one table: the prefix keeps them apart. */
export const chartTimer = (id: string): string => `chart/${id}`;
export const limitTimer = (invocationId: string): string => `limit/${invocationId}`;
export const lookTimer = (invocationId: string): string => `look/${invocationId}`;
export const againTimer = (invocationId: string): string => `again/${invocationId}`;

/** The prefix of a timer's id, which says what the timer is for, and the rest of the id. */
export function splitTimer(timerId: string): { readonly of: string; readonly id: string } {
  const at = timerId.indexOf('/');
  return { of: timerId.slice(0, at), id: timerId.slice(at + 1) };
}

export function setTimer(draft: Draft, timer: TimerInsert): void {
  draft.clearTimers.delete(timer.timerId);
  draft.setTimers.set(timer.timerId, timer);
}

export function clearTimer(draft: Draft, timerId: string): void {
  draft.setTimers.delete(timerId);
  draft.clearTimers.add(timerId);
}
