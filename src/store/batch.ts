/**
 * One writing transaction: turns that were ready together, and arrivals from outside. The store applies
 * a turn wholly or not at all (promise 1), and tells which parts were not applied: see fates.ts.
 */
import type { Attempt } from '../domain/calls/attempt.ts';
import type { Charges } from './charges.ts';
import type { ErrorRecord } from '../domain/errors.ts';
import type { CommitId, ReplicaId } from '../domain/ids.ts';
import type { RunStatus } from '../../machines/run.ts';
import type {
  ChannelAddress,
  InboxArrival,
  InboxInsert,
  MemoryVersionRow,
  NewRun,
  QuestionRow,
  RunAddress,
  StartArrival,
  SubscriptionRow,
  TimerRow,
} from './rows.ts';
import type { EvaluationInsert } from './ports/evaluation-rows.ts';
import type { Requested } from './requests/request-rows.ts';
import type { ProviderRow, SlotRow } from './provider-rows.ts';

export type TurnCommit = RunAddress & {
  /** Set when this commit creates the run; `expectedTurn` is 0 then. */
  readonly create: NewRun | null;
  /** Turns committed before this one: the row must hold exactly this (promise 6). */
  readonly expectedTurn: number;
  readonly status: RunStatus;
  readonly reason: string | null;
  /** The build of the chart's state after this turn: see `RunRow`. */
  readonly build: string | null;
  readonly chartText: string | null;
  readonly heldText: string | null;
  /** Set when the chart's state after this turn is kept beside the run's row: see `CheckpointRow`. */
  readonly checkpoint?: boolean;
  /** JSON array of the events that the turn took, in order; null when it took none. */
  readonly journalText: string | null;
  /** Set when the turn ends the run. */
  readonly ended: { readonly outputText: string | null; readonly error: ErrorRecord | null } | null;
  /** `seq`s of inbox rows that the turn took: they are deleted. */
  readonly takenInbox: readonly string[];
  /** Keys of kept results that the turn took: their inbox rows are deleted. */
  readonly takenResults: readonly string[];
  /** Inbox rows for this run's parent, its children, or itself. */
  readonly inbox: readonly InboxInsert[];
  readonly children: readonly NewRun[];
  readonly messages: readonly MessageInsert[];
  readonly memory: readonly MemoryInsert[];
  readonly evaluations: readonly EvaluationInsert[];
  /**
   * Messages of conversations, appended in this order. Run, turn and place name a message, so none is
   * appended twice.
   */
  readonly conversation: readonly ConversationInsert[];
  /** Images that the run uses from this turn on. */
  readonly images: readonly ImageUse[];
  readonly subscribe: readonly SubscriptionInsert[];
  readonly unsubscribe: readonly SubscriptionEnd[];
  readonly groupCursors: readonly GroupCursorMove[];
  readonly setTimers: readonly TimerInsert[];
  /** Ids of timers that are deleted. When the run ends, all its timers are deleted. */
  readonly clearTimers: readonly string[];
  readonly openQuestions: readonly QuestionInsert[];
  /**
   * Questions are closed before others are opened: a turn may close a question and ask again under its
   * id.
   */
  readonly closeQuestions: readonly QuestionEnd[];
};

export type QuestionInsert = Pick<
  QuestionRow,
  'invocationId' | 'incarnation' | 'agent' | 'assignee' | 'questionText'
>;

/**
 * A question that this turn closes. If the question has an answer that the turn does not take, the
 * turn's fate is `answered`: it must be computed again, with the answer.
 */
export type QuestionEnd = { readonly invocationId: string; readonly takesAnswer: boolean };

export type MessageInsert = ChannelAddress & {
  /** Names the message for ever. The store gives it its number in the channel. */
  readonly messageId: string;
  readonly payloadText: string;
  /** With 0 the message enters its channel at once, otherwise when the delay is over. */
  readonly delayMs: number;
  readonly runId: string | null;
  /** The shard in which a delayed message waits. */
  readonly shard: number;
};

/**
 * A run uses an image. `image` is set when the turn brings the image along; null: it was stored before, or
 * the call that names it will say that it is not there.
 */
type ImageUse = { readonly sha256: string; readonly image: ImageBytes | null };

/** `data`: the bytes in base64, as `Buffer` writes it. */
export type ImageBytes = { readonly mediaType: string; readonly data: string };

/** A message at the end of one of the run's conversations. */
export type ConversationInsert = { readonly conversation: string; readonly messageText: string };

/** The turn that has written a version of a memory entry. */
export type MemoryWriter = { readonly runId: string; readonly turn: number };

/**
 * Adds version n + 1 after version n. It is a conflict if the entry's newest version is not
 * `version - 1`.
 */
export type MemoryInsert = Omit<MemoryVersionRow, 'createdAtMs'> & {
  /**
   * Set when another turn of this batch writes version n, from which this version was made. If that turn
   * does not commit, this one is a conflict, even if another writer's version n has the expected number.
   */
  readonly standsOn?: MemoryWriter;
};

/**
 * A write from outside. With `onAny` it follows whichever version is the newest, and `version` is a
 * guess.
 */
export type MemoryArrival = MemoryInsert & Requested & { readonly onAny?: true };

/** A message from outside. */
type MessageArrival = MessageInsert & Requested;

/**
 * A subscription that waits or, if `delivered` is given, has received at once. The store locks the rows
 * of its channels. If one of them has moved past `after` meanwhile, the run is woken.
 */
export type SubscriptionInsert = Omit<SubscriptionRow, 'tenant' | 'runId'>;
export type SubscriptionEnd = Pick<SubscriptionRow, 'subscriptionId' | 'status' | 'delivered'>;

/** A named group's cursor moves from `from` (null: the group is new to the channel) to `to`. */
export type GroupCursorMove = {
  readonly channel: string;
  readonly group: string;
  readonly from: number | null;
  readonly to: number;
};

/**
 * Sets a timer, in place of one with the same id. The deadline is the database's clock plus the delay.
 */
export type TimerInsert = Pick<TimerRow, 'timerId' | 'generation'> & { readonly delayMs: number };

/**
 * Inserts or updates the slot's row; the counters are added to those of the row. Fenced as turns are
 * (promise 6):
 *
 * - Only the owner of a call's run puts the call into a slot. Otherwise the write is `fenced`, and the
 *   call must not be made and is not counted.
 * - Only the owner of a call's run empties the row that names the call. A replica that has lost the run
 *   leaves the name there: the new owner needs it to count calls that are made again (promise 3).
 * - `sealed` grows with each batch of the slot's own replica, and is -1 for rows of other replicas. A
 *   write that was sealed earlier never replaces one that was sealed later, because two commits of one
 *   replica may overtake one another. Its counts are added all the same.
 */
export type SlotWrite = SlotRow & SlotCounts & { readonly sealed: number };

export type SlotCounts = {
  readonly calls: number;
  readonly duplicates: number;
  readonly rateLimited: number;
};

/** The write without its call, which the commit refuses. 429s that the slot met before stay counted. */
export function freed(write: SlotWrite): SlotWrite {
  return { ...write, status: 'idle', call: null, calls: 0, duplicates: 0 };
}

/** The write with the counts of the ones before it. */
export function counted(write: SlotWrite, before: SlotCounts): SlotWrite {
  return {
    ...write,
    calls: before.calls + write.calls,
    duplicates: before.duplicates + write.duplicates,
    rateLimited: before.rateLimited + write.rateLimited,
  };
}

/** Replaces the gate's row: the replica that has learned something last knows best. */
export type ProviderWrite = ProviderRow;

/** A status of a run that changes between turns (backoff, stalled, back again). Fenced as a turn is. */
export type StatusChange = RunAddress & {
  readonly expectedTurn: number;
  readonly status: RunStatus;
  readonly reason: string | null;
};

/**
 * A call's result that is written to its run's inbox before the turn that takes it, because that turn
 * would have to wait. Fenced as a turn is. No hint is given, because the run's owner knows. For a run
 * that has ended, nothing is written.
 */
export type KeptResult = RunAddress & { readonly key: string; readonly payloadText: string };

/**
 * An attempt of a provider call whose end stands in no journal. It is not fenced: it says what the replica has done,
 * which stays true. For a run that is gone nothing is written.
 */
export type AttemptInsert = Pick<RunAddress, 'tenant' | 'runId'> & Attempt;

/** Parts that come from outside any turn. They need no epoch, because any replica may accept them. */
export type Arrivals = {
  /**
   * Starts are written as queued runs, each with its inbox row `start`. A whole group is refused with
   * `start-key-used` if one of its keys was used for another agent or input.
   */
  readonly starts: readonly StartArrival[];
  /**
   * Inbox rows from outside. Refused with `run-unknown` or `run-ended` if the run is not open, and for
   * reasons of `once` with `ask-unknown`, `ask-answered` or `send-key-used`. An event whose key is known
   * is accepted without effect, even if its run has ended.
   */
  readonly inbox: readonly InboxArrival[];
  readonly messages: readonly MessageArrival[];
  readonly memory: readonly MemoryArrival[];
};

export type Batch = {
  /** The commit's id is written first. A second commit with this id is recognised and does nothing. */
  readonly commitId: CommitId;
  readonly replicaId: ReplicaId;
  /** By shard of the fenced parts: the epoch at which this replica holds it. */
  readonly epochs: ReadonlyMap<number, number>;
  readonly turns: readonly TurnCommit[];
  readonly statusChanges: readonly StatusChange[];
  readonly results: readonly KeptResult[];
  readonly slots: readonly SlotWrite[];
  readonly providers: readonly ProviderWrite[];
  /** Absent while no budget is set. */
  readonly charges?: Charges;
  /** Absent when there are none. */
  readonly attempts?: readonly AttemptInsert[];
  readonly arrivals: Arrivals;
};
