/**
 * What a run may hear: the events of its journal, in the order in which it took them. Structural
 * (kind, id, incarnation), never XState's own event-type strings, because XState 6 renames those;
 * the kernel makes the XState event at delivery.
 */
import type { ErrorRecord } from './errors.ts';
import type { Json, JsonObject } from './json.ts';

/** A chart event from outside, from a parent, from a child, or a delayed one of the chart's own. */
export type ChartEvent = { readonly type: string } & JsonObject;

/**
 * `incarnation` numbers the starts of one invocation id within a run: a completion of an earlier
 * incarnation is stale and changes nothing.
 */
export type RunEvent =
  /** Absent is not null: a chart's default parameters apply to what is absent. */
  | { readonly kind: 'start'; readonly input?: Json | undefined }
  | {
      readonly kind: 'done';
      readonly id: string;
      readonly incarnation: number;
      readonly output?: Json | undefined;
      /** Of a child run that the chart had left: it ended before it was stopped. */
      readonly left?: true;
    }
  | {
      readonly kind: 'failed';
      readonly id: string;
      readonly incarnation: number;
      readonly error: ErrorRecord;
      readonly left?: true;
      /** How often a task was tried. */
      readonly attempts?: number;
      /** The child run that failed. */
      readonly run?: string;
    }
  | { readonly kind: 'timer'; readonly id: string; readonly generation: number }
  /** `handled` stands in journals alone, where no state took the event: it changed nothing. */
  | { readonly kind: 'event'; readonly event: ChartEvent; readonly handled?: false };

/**
 * What a custom action has thrown, after the commit of this earlier turn. It changed nothing: an action
 * is performed at most once, whatever becomes of it.
 */
export type ActionThrew = {
  readonly kind: 'action-threw';
  readonly action: string;
  readonly turn: number;
  readonly error: string;
};

/**
 * A line of a run's journal: an event that its chart took, a command that moved its life, an accepted
 * answer that came to nothing, because an earlier event or a cancel had closed its question, what an
 * action has thrown since the turn before, or an attempt of a task that was lost.
 */
export type JournalEntry =
  | RunEvent
  | { readonly kind: 'cancel' | 'pause' | 'resume'; readonly reason: string }
  | { readonly kind: 'answer-dropped'; readonly askId: string; readonly answer: Json }
  | ActionThrew
  | AttemptLost;

/** A task's attempt ended with the process that made it. */
type AttemptLost = { readonly kind: 'attempt-lost'; readonly id: string; readonly attempt: number };

/** The others stand beside the chart: commands, and what it never heard. */
const beside: readonly JournalEntry['kind'][] = [
  'cancel',
  'pause',
  'resume',
  'answer-dropped',
  'action-threw',
  'attempt-lost',
];

export function isRunEvent(entry: JournalEntry): entry is RunEvent {
  return !beside.includes(entry.kind);
}
