/**
 * One writing transaction: turns that were ready together, and what arrived from outside. The store
 * applies a turn wholly or not at all (promise 1) and tells what was not applied: see fates.ts.
 */
import type { Charges } from './charges.ts';
import type { ErrorRecord } from '../domain/errors.ts';
import type { CommitId, ReplicaId } from '../domain/ids.ts';
import type { RunStatus } from '../../machines/run.ts';
import type { SlotStatus } from '../../machines/provider-slot.ts';
import type { SubscriptionStatus } from '../../machines/subscription.ts';
import type {
  EvaluationRow,
  InboxArrival,
  InboxInsert,
  MemoryAddress,
  NewRun,
  ProviderRow,
  RunAddress,
  SlotCall,
  StartArrival,
  SubscribedChannel,
} from './rows.ts';

export type TurnCommit = RunAddress & {
  /** Set when this commit creates the run; `expectedTurn` is 0 then. */
  readonly create: NewRun | null;
  /** Turns committed before this one: the row must hold exactly this (promise 6). */
  readonly expectedTurn: number;
  readonly status: RunStatus;
  readonly reason: string | null;
  /** The build that the chart's state is of after this turn: see `RunRow`. */
  readonly build: string | null;
  readonly chartText: string | null;
  readonly heldText: string | null;
  /** JSON array of the events that the turn took, in order; null when it took none. */
  readonly journalText: string | null;
  /** Set when the turn ends the run. */
  readonly ended: { readonly outputText: string | null; readonly error: ErrorRecord | null } | null;
  /** `seq`s of inbox rows that the turn took: they are deleted. */
  readonly takenInbox: readonly string[];
  /** Keys of kept results that the turn took: their inbox rows are deleted. */
  readonly takenResults: readonly string[];
  /** To this run's parent, children, or itself. */
  readonly inbox: readonly InboxInsert[];
  readonly children: readonly NewRun[];
  readonly messages: readonly MessageInsert[];
  readonly memory: readonly MemoryInsert[];
  readonly evaluations: readonly EvaluationRow[];
  /** Appended in this order; a message is named by run, turn and place, so none comes twice. */
  readonly conversation: readonly ConversationInsert[];
  readonly subscribe: readonly SubscriptionInsert[];
  readonly unsubscribe: readonly SubscriptionEnd[];
  readonly groupCursors: readonly GroupCursorMove[];
  readonly setTimers: readonly TimerInsert[];
  /** Ids of timers that are deleted. All go when the run ends. */
  readonly clearTimers: readonly string[];
  readonly openQuestions: readonly QuestionInsert[];
  /** Before the ones that are opened: an id may ask again in the turn that closes its question. */
  readonly closeQuestions: readonly QuestionEnd[];
};

export type QuestionInsert = {
  readonly invocationId: string;
  readonly incarnation: number;
  readonly questionText: string;
};

/**
 * A question that this turn closes. Where it has an answer that the turn does not take, the turn is
 * `answered`: it must be computed anew, with the answer.
 */
export type QuestionEnd = { readonly invocationId: string; readonly takesAnswer: boolean };

export type MessageInsert = {
  readonly tenant: string;
  readonly channel: string;
  /** Names the message for ever; the number in the channel is given by the store. */
  readonly messageId: string;
  readonly payloadText: string;
  /** 0: at once. Otherwise the message enters its channel when the delay is over. */
  readonly delayMs: number;
  readonly runId: string | null;
  /** Where a delayed message waits. */
  readonly shard: number;
};

/** A message at the end of one of the run's conversations. */
export type ConversationInsert = { readonly conversation: string; readonly messageText: string };

/** The turn that has written a version of a memory entry. */
export type MemoryWriter = { readonly runId: string; readonly turn: number };

/** Version n + 1 on version n; a conflict when the entry's newest is not `version - 1`. */
export type MemoryInsert = MemoryAddress & {
  readonly version: number;
  readonly valueText: string;
  readonly deleted: boolean;
  readonly runId: string | null;
  readonly turn: number | null;
  /**
   * Set when version n is another turn's of this batch: this version was made from that one, so it
   * is a conflict when that turn does not commit, also where somebody else's version n fits by number.
   */
  readonly standsOn?: MemoryWriter;
};

/** A write from outside. `onAny`: on whatever version is the newest; `version` is only a guess. */
export type MemoryArrival = MemoryInsert & { readonly onAny?: true };

/**
 * A subscription that waits (or, when `delivered` is given, has received at once). The store locks
 * the rows of its channels; if one has moved past `after` meanwhile, the run is woken.
 */
export type SubscriptionInsert = {
  readonly subscriptionId: string;
  readonly invocationId: string;
  readonly status: SubscriptionStatus;
  readonly channels: readonly SubscribedChannel[];
  readonly delivered: readonly { readonly channel: string; readonly seq: number }[];
};
export type SubscriptionEnd = {
  readonly subscriptionId: string;
  readonly status: SubscriptionStatus;
  readonly delivered: readonly { readonly channel: string; readonly seq: number }[];
};

/** A named group's cursor moves from `from` (null: the group is new to the channel) to `to`. */
export type GroupCursorMove = {
  readonly channel: string;
  readonly group: string;
  readonly from: number | null;
  readonly to: number;
};

/** Scheduling an id that exists replaces it. The deadline is the database's clock plus the delay. */
export type TimerInsert = {
  readonly timerId: string;
  readonly generation: number;
  readonly delayMs: number;
};

/**
 * Upserts the slot's row; the counters are added to its own. Fenced as turns are (promise 6):
 *
 * - A call is put into a slot by the owner of its run alone: otherwise it is `fenced`, must not be
 *   made, and is not counted.
 * - A row that names a call is emptied by the owner of that call's run alone. Who has lost the run
 *   leaves the name there, for the new owner counts by it what is made again (promise 3).
 * - What a slot does is never written over by what was sealed before it: two commits of one replica
 *   may overtake one another. Their counts are added all the same.
 */
export type SlotWrite = {
  readonly provider: string;
  readonly replicaId: ReplicaId;
  readonly slot: number;
  /** Grows with each batch of the slot's own replica; -1 for the rows of another one. */
  readonly sealed: number;
  readonly status: SlotStatus;
  readonly call: SlotCall | null;
  readonly calls: number;
  readonly duplicates: number;
  readonly rateLimited: number;
};

/** Replaces the gate's row: the last replica that has found out something knows best. */
export type ProviderWrite = ProviderRow;

/** A run's status that changes between turns (backoff, stalled, back again). Same fence as a turn. */
export type StatusChange = RunAddress & {
  readonly expectedTurn: number;
  readonly status: RunStatus;
  readonly reason: string | null;
};

/**
 * A call's result that is written to its run's inbox before the turn that takes it, because that
 * turn would have to wait. Same fence as a turn; nobody is woken, for its owner knows. Nothing is
 * written for a run that has ended.
 */
export type KeptResult = RunAddress & { readonly key: string; readonly payloadText: string };

/** What comes from outside any turn; needs no epoch, for any replica may accept it. */
export type Arrivals = {
  /**
   * Written as queued runs, each with its inbox row `start`. Refused with `start-key-used`, as a
   * whole group, when a key of it was used for another agent or input.
   */
  readonly starts: readonly StartArrival[];
  /**
   * Refused with `run-unknown` or `run-ended` when the run is not open, and for what `once` says with
   * `ask-unknown`, `ask-answered` or `send-key-used`. An event whose key is known is accepted without
   * effect, in an ended run too.
   */
  readonly inbox: readonly InboxArrival[];
  readonly messages: readonly MessageInsert[];
  readonly memory: readonly MemoryArrival[];
};

export type Batch = {
  /** First row written: a second commit with this id is recognised and does nothing. */
  readonly commitId: CommitId;
  readonly replicaId: ReplicaId;
  /** The epoch at which this replica holds each shard of the parts that are fenced. */
  readonly epochs: ReadonlyMap<number, number>;
  readonly turns: readonly TurnCommit[];
  readonly statusChanges: readonly StatusChange[];
  readonly results: readonly KeptResult[];
  readonly slots: readonly SlotWrite[];
  readonly providers: readonly ProviderWrite[];
  /** Absent while no budget is set. */
  readonly charges?: Charges;
  readonly arrivals: Arrivals;
};
