/**
 * The events that a run may get, as its journal keeps them in the order in which the run took them. They are
 * structural (kind, id, incarnation) and never use XState's own event-type strings, because XState 6 renames
 * those; the kernel makes the XState event at delivery.
 */
import type { AttemptNote } from './calls/attempt.ts';
import type { ErrorRecord } from './errors.ts';
import type { Json, JsonObject } from './json.ts';

/** A chart event from outside, from a parent, from a child, or a delayed one of the chart's own. */
export type ChartEvent = {
  /** The name that a chart's `on` uses. */
  readonly type: string;
} & JsonObject;

/** Who has sent what came from outside. */
export type Sender = {
  /** A token's name, or `library`. Absent where nobody has: heddle's own, and lines of earlier releases. */
  readonly by?: string;
};

/**
 * `incarnation` numbers the starts of one invocation id within a run: a completion of an earlier
 * incarnation is stale and changes nothing.
 */
export type RunEvent =
  /** Absent is not null: a chart's default parameters apply to what is absent. */
  | {
      /** The run begins. */
      readonly kind: 'start';
      /** The input that the run was started with. */
      readonly input?: Json | undefined;
    }
  | (Sender & {
      /** An invocation has its result; with `by`, a person's answer. */
      readonly kind: 'done';
      /** The invocation's id. */
      readonly id: string;
      /** Which start of the invocation. */
      readonly incarnation: number;
      /** The result. */
      readonly output?: Json | undefined;
      /** Set for a child run that the chart had left: the child ended before it was stopped. */
      readonly left?: true;
      /** The attempt of a provider call that has this result. The chart does not see it. */
      readonly attempt?: AttemptNote;
    })
  | {
      /** An invocation has failed. */
      readonly kind: 'failed';
      /** The invocation's id. */
      readonly id: string;
      /** Which start of the invocation. */
      readonly incarnation: number;
      /** Why it has failed. */
      readonly error: ErrorRecord;
      /** Set for a child run that the chart had left. */
      readonly left?: true;
      /** The attempt of a provider call that has failed it. The chart does not see it. */
      readonly attempt?: AttemptNote;
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
      /** Which start of the timer. */
      readonly generation: number;
    }
  | (Sender & {
      /** An event was sent: from outside, by a parent or child, or by the chart with a delay. */
      readonly kind: 'event';
      /** The event as the chart got it. */
      readonly event: ChartEvent;
      /** Set only in journals, for an event that no state took: it changed nothing. */
      readonly handled?: false;
    });

/**
 * A custom action has thrown, after the commit of this earlier turn. That changed nothing: an action is
 * performed at most once, also when it fails.
 */
export type ActionThrew = {
  /** Marks this kind of line. */
  readonly kind: 'action-threw';
  /** The action's name in the chart. */
  readonly action: string;
  /** The turn that performed it. */
  readonly turn: number;
  /** The text of what it threw. */
  readonly error: string;
};

/**
 * A line of a run's journal: an event that its chart took; a command that changed the run's status; an
 * accepted answer without effect, because an earlier event or a cancel had closed its question; an action
 * that has thrown since the turn before; or an attempt of a task that was lost.
 */
export type JournalEntry =
  | RunEvent
  | (Sender & {
      /** A command. */
      readonly kind: 'cancel' | 'pause' | 'resume';
      /** The reason, as it was given. */
      readonly reason: string;
    })
  | (Sender & {
      /** An accepted answer had no effect. */
      readonly kind: 'answer-dropped';
      /** Names the question. */
      readonly askId: string;
      /** The person's answer. */
      readonly answer: Json;
    })
  | ActionThrew
  | AttemptLost;

/** A task's attempt ended with the process that made it. */
export type AttemptLost = {
  /** Marks this kind of line. */
  readonly kind: 'attempt-lost';
  /** The id of the invocation. */
  readonly id: string;
  /** The number of the attempt, from 1. */
  readonly attempt: number;
};

/** Kinds of lines that are no events of the chart: commands, and facts that the chart never got. */
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
