/**
 * What a run may hear: the events of its journal, in the order in which it took them. Structural
 * (kind, id, incarnation), never XState's own event-type strings, because XState 6 renames those;
 * the kernel makes the XState event at delivery.
 */
import type { ErrorRecord } from './errors.ts';
import type { Json, JsonObject } from './json.ts';

/** A chart event from outside, from a parent, from a child, or a delayed one of the chart's own. */
export type ChartEvent = {
  /** What a chart's `on` names. */
  readonly type: string;
} & JsonObject;

/**
 * `incarnation` numbers the starts of one invocation id within a run: a completion of an earlier
 * incarnation is stale and changes nothing.
 */
export type RunEvent =
  /** Absent is not null: a chart's default parameters apply to what is absent. */
  | {
      /** The run begins. */
      readonly kind: 'start';
      /** What it was started with. */
      readonly input?: Json | undefined;
    }
  | {
      /** An invocation has its result. */
      readonly kind: 'done';
      /** The invocation's. */
      readonly id: string;
      /** Which start of it. */
      readonly incarnation: number;
      /** The result. */
      readonly output?: Json | undefined;
      /** Of a child run that the chart had left: it ended before it was stopped. */
      readonly left?: true;
    }
  | {
      /** An invocation has failed. */
      readonly kind: 'failed';
      /** The invocation's. */
      readonly id: string;
      /** Which start of it. */
      readonly incarnation: number;
      /** Why. */
      readonly error: ErrorRecord;
      /** Of a child run that the chart had left. */
      readonly left?: true;
      /** How often a task was tried. */
      readonly attempts?: number;
      /** The child run that failed. */
      readonly run?: string;
    }
  | {
      /** A timer of the chart's has rung. */
      readonly kind: 'timer';
      /** Names the delay and the state. */
      readonly id: string;
      /** Which setting of it. */
      readonly generation: number;
    }
  | {
      /** An event was sent: from outside, by a parent or child, or by the chart with a delay. */
      readonly kind: 'event';
      /** As the chart heard it. */
      readonly event: ChartEvent;
      /** Stands in journals alone, where no state took the event: it changed nothing. */
      readonly handled?: false;
    };

/**
 * What a custom action has thrown, after the commit of this earlier turn. It changed nothing: an action
 * is performed at most once, whatever becomes of it.
 */
export type ActionThrew = {
  /** Of this kind of line. */
  readonly kind: 'action-threw';
  /** Its name in the chart. */
  readonly action: string;
  /** The turn that performed it. */
  readonly turn: number;
  /** What it threw, in words. */
  readonly error: string;
};

/**
 * A line of a run's journal: an event that its chart took, a command that moved its life, an accepted
 * answer that came to nothing, because an earlier event or a cancel had closed its question, what an
 * action has thrown since the turn before, or an attempt of a task that was lost.
 */
export type JournalEntry =
  | RunEvent
  | {
      /** A command. */
      readonly kind: 'cancel' | 'pause' | 'resume';
      /** Why, as it was given. */
      readonly reason: string;
    }
  | {
      /** An accepted answer came to nothing. */
      readonly kind: 'answer-dropped';
      /** Of its question. */
      readonly askId: string;
      /** What was answered. */
      readonly answer: Json;
    }
  | ActionThrew
  | AttemptLost;

/** A task's attempt ended with the process that made it. */
export type AttemptLost = {
  /** Of this kind of line. */
  readonly kind: 'attempt-lost';
  /** Of the invocation. */
  readonly id: string;
  /** From 1. */
  readonly attempt: number;
};

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
