/**
 * The rows of the store, as the runtime reads and writes them. Texts named `…Text` are JSON that the
 * store never looks into: only the kernel and the runtime understand them.
 */
import type { Attempt } from '../domain/calls/attempt.ts';
import type { ErrorRecord } from '../domain/errors.ts';
import type { RunId } from '../domain/ids.ts';
import type { Json } from '../domain/json.ts';
import type { Priority } from '../domain/priority.ts';
import type { RunStatus } from '../../machines/run.ts';
import type { SubscriptionStatus } from '../../machines/subscription.ts';
import type { Requested } from './requests/request-rows.ts';

/** A run's place. Every key begins with the tenant, and the shard tells which replica owns the run. */
export type RunAddress = {
  /** The run's tenant. */
  readonly tenant: string;
  /** Names the run for ever. */
  readonly runId: RunId;
  /** The shard to which the run belongs. */
  readonly shard: number;
};

/** A channel's place. */
export type ChannelAddress = { readonly tenant: string; readonly channel: string };
/** A named group of a channel's consumers, which share one cursor. */
export type GroupAddress = ChannelAddress & { readonly group: string };

/** The invocation of the parent run that a child run answers. */
export type ParentAddress = RunAddress & {
  /** The parent's invocation. */
  readonly invocationId: string;
  /** The start of that invocation: its incarnation. */
  readonly incarnation: number;
};

/** The fields of a run that are fixed when it is accepted. */
export type NewRun = RunAddress & {
  /** The agent's name. */
  readonly agent: string;
  /** The version that the run began with, and keeps. */
  readonly version: string;
  /** The user for whom the run works. */
  readonly user: string;
  /** Runs of one pipeline share a shard; a run that names none is a pipeline of its own. */
  readonly pipeline: string;
  /** The run that started it; null when it was started from outside. */
  readonly parent: ParentAddress | null;
  /** Its input, as JSON. */
  readonly inputText: string;
  /** Unique in the tenant: a second start with the same key gives the first run. */
  readonly idempotencyKey: string | null;
  /** The run's class. */
  readonly priority: Priority;
  /** Words by which people find it, in order; absent when it was given none. */
  readonly tags?: readonly string[];
};

/** A start from outside. Of a group, the first is marked with the request. */
export type StartArrival = NewRun &
  Requested & {
    /**
     * Given with a key: canonical JSON of agent and input. Another start under the key must have the same
     * text.
     */
    readonly startText?: string;
    /** Starts of one batch with the same number are accepted together or not at all. */
    readonly group?: number;
  };

/** A run as the database has it. */
export type RunRow = NewRun & {
  /** The run's status. */
  readonly status: RunStatus;
  /** Why the run waits or has ended, for people: 'agent version not registered', a cancel's reason … */
  readonly reason: string | null;
  /** Turns committed. The next commit must expect exactly this number. */
  readonly turn: number;
  /**
   * The build that took the last turn which moved the chart. Null before that turn, and for turns of
   * heddle 0.1.0.
   */
  readonly build: string | null;
  /** The kernel's persisted state; null before the first turn. */
  readonly chartText: string | null;
  /** The runtime's own notes about what the run holds open; null when there are none. */
  readonly heldText: string | null;
  /** Its output, as JSON; null before its end, and when its chart gives none. */
  readonly outputText: string | null;
  /** The error with which the run failed or was cancelled. */
  readonly error: ErrorRecord | null;
  /** In ms since 1970, by the database's clock. */
  readonly createdAtMs: number;
  /** When it ended, in ms since 1970 by the database's clock; null while it is open. */
  readonly endedAtMs: number | null;
};

/**
 * The kind of an inbox row. A row is written in the transaction of its cause and deleted in the
 * transaction of the turn that takes it, so neither can be lost (promises 2 and 5).
 *
 * - start: the run is queued; the payload, if any, is how many parents stand above the run.
 * - event: the payload is a ChartEvent.
 * - messages: a subscription may have something to receive; `ref` is its subscription id.
 * - result: the outcome of a call or task that came while the run could not take it.
 * - child: a child run ended; the payload is its outcome, `ref` names the invocation.
 * - answer: a person's answer; `ref` names the question: see domain/ask-id.ts.
 * - cancel, pause, resume: the payload is the reason; `ref` is null, or says that the command is the
 *   parent's.
 */
export type InboxKind =
  'start' | 'event' | 'messages' | 'result' | 'child' | 'answer' | 'cancel' | 'pause' | 'resume';

/**
 * Kinds that are loaded before all others, however many events wait for the run. So a command that moves
 * a paused run on is always seen, and a result that was bought meanwhile is known before the call could
 * be made again.
 */
export const urgentInboxKinds: readonly InboxKind[] = ['cancel', 'pause', 'resume', 'result'];

/** Kinds of a person's commands. A run with such a row takes its turn before runs that only go on. */
export const commandKinds: readonly InboxKind[] = ['cancel', 'pause', 'resume', 'answer'];

export type InboxInsert = RunAddress & {
  readonly kind: InboxKind;
  readonly ref: string | null;
  readonly payloadText: string | null;
  /**
   * Two rows of one run with the same key are one: the second insert does nothing. Wake-ups use
   * `messages:<subscription>`, answers `answer:<question>`. With null, every insert is a row of its own.
   */
  readonly key: string | null;
  /**
   * Who has sent it: a token's name, or `library`. Absent for rows that heddle has made itself, and for rows of
   * earlier releases.
   */
  readonly by?: string;
};

/**
 * An arrival that counts once, though it may be sent twice (promise 12), and how the store knows that:
 *
 * - answer: its question is open and has no answer.
 * - event: no event was sent to the run under this key; `eventText`, canonical JSON, is that event.
 */
export type Once =
  | { readonly kind: 'answer'; readonly invocationId: string; readonly incarnation: number }
  | { readonly kind: 'event'; readonly key: string; readonly eventText: string };

/** A row from outside. Without `once` it is accepted whenever its run is open. */
export type InboxArrival = InboxInsert & Requested & { readonly once?: Once };

/** `seq` orders the rows of one run; it is not dense and is never used as a cursor. */
export type InboxRow = InboxInsert & { readonly seq: string };

export type LoadedRun = {
  readonly run: RunRow;
  /** Urgent kinds first, then in order, at most `limits.turnEventsMax`. */
  readonly inbox: readonly InboxRow[];
  /** Answers that wait behind more rows than that. Other rows may stand before them. */
  readonly laterAnswers: readonly InboxRow[];
};

/**
 * A question of a run while it is open: written by the turn that asks, deleted by the turn that closes
 * it. A run asks one question at a time under an invocation's id.
 */
export type QuestionRow = {
  readonly tenant: string;
  readonly runId: RunId;
  readonly invocationId: string;
  readonly incarnation: number;
  /** The agent of the run that asks. */
  readonly agent: string;
  /** Who should answer; null when the chart named nobody. */
  readonly assignee: string | null;
  /** The question's words, its schema, its data and its assignee. */
  readonly questionText: string;
  /** True when it has an answer that the run has yet to take. */
  readonly answered: boolean;
  readonly askedAtMs: number;
};

/** One channel of a subscription. Messages with a number above `after` are new to it. */
export type SubscribedChannel = {
  readonly channel: string;
  readonly group: string | null;
  readonly after: number;
};

export type SubscriptionRow = {
  readonly tenant: string;
  readonly subscriptionId: string;
  readonly runId: RunId;
  readonly invocationId: string;
  readonly status: SubscriptionStatus;
  readonly channels: readonly SubscribedChannel[];
  /** The messages that were taken, by channel and number. */
  readonly delivered: readonly { readonly channel: string; readonly seq: number }[];
};

/** A message as the database has it. */
export type MessageRow = {
  /** The message's channel. */
  readonly channel: string;
  /** Its number in the channel: dense, from 1, in commit order. */
  readonly seq: number;
  /** The id that `publish` has returned. */
  readonly messageId: string;
  /** The published value. */
  readonly payload: Json;
  /** The run that published it; null when it came from outside. */
  readonly runId: string | null;
  /** In ms since 1970, by the database's clock. */
  readonly publishedAtMs: number;
};

/** A memory entry's place. `owner` is the run's id, agent's name, user or tenant, by `scope`. */
export type MemoryAddress = {
  readonly tenant: string;
  readonly scope: string;
  readonly owner: string;
  readonly key: string;
};

export type MemoryVersionRow = MemoryAddress & {
  readonly version: number;
  readonly valueText: string;
  readonly deleted: boolean;
  readonly runId: string | null;
  readonly turn: number | null;
  readonly createdAtMs: number;
};

export type TimerRow = RunAddress & {
  readonly timerId: string;
  readonly generation: number;
  /** The time until it is due, in ms by the database's clock; negative when it is overdue. */
  readonly dueInMs: number;
};

/** A run's chart state as it was after a turn, so that a turn near it is reached by a short fold. */
export type CheckpointRow = {
  readonly turn: number;
  /** The build of the state: see `RunRow`. */
  readonly build: string | null;
  readonly chartText: string;
};

/** What the database knows of one version of an agent, whoever's runs it has. */
export type AgentRow = {
  readonly agent: string;
  readonly version: string;
  /** The structure on which its runs stand. */
  readonly structure: string;
  /** When a replica last registered it. */
  readonly registeredAtMs: number;
  /** The chart's config as JSON; null when it is larger than its bound, or its size is not known. */
  readonly definitionText: string | null;
  /** The size of the definition; null for a version that only an earlier release has registered. */
  readonly definitionBytes: number | null;
  /** JSON Schemas; null where there are none. */
  readonly inputSchemaText: string | null;
  /** By event type. */
  readonly eventSchemasText: string | null;
};

export type JournalRow = {
  readonly turn: number;
  /** The build that took the turn. Null for turns of heddle 0.1.0, and where the chart had not begun. */
  readonly build: string | null;
  readonly entriesText: string;
  readonly atMs: number;
  /** The run's status after the turn. Null for turns of releases before that was kept. */
  readonly status: RunStatus | null;
};

/** `seq` orders the attempts of one run within a turn; it is not dense. */
export type AttemptRow = Attempt & { readonly seq: string };
