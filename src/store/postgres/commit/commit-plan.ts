/**
 * From a batch to the calls of its transaction. Each set of rows becomes one statement, and none
 * where there are no rows. The order below is the order of locks of every commit, everywhere:
 * commit, shards, runs, memory entries, groups' cursors, channels, then rows that only their run's
 * owner writes, questions, inbox rows with the keys of sends before them, slots, providers, and last
 * budgets with the reservations under them.
 */
import type {
  Batch,
  MessageInsert,
  SlotWrite,
  StatusChange,
  SubscriptionInsert,
  TurnCommit,
} from '../../batch.ts';
import type { Charges } from '../../charges.ts';
import type { InboxArrival, InboxInsert, NewRun, StartArrival } from '../../rows.ts';
import { arrivalCalls } from '../tables/arrival-writes.ts';
import {
  createCursors,
  delayMessages,
  insertMessages,
  moveCursors,
  registerGroups,
  touchChannels,
  wake,
  type CursorMove,
  type EndedSubscription,
  type NumberedMessage,
  type TouchedChannel,
} from '../tables/channel-writes.ts';
import { writeCharges } from '../tables/budget-writes.ts';
import { cursorKey, memoryKey, refusedText, type Fates } from './commit-fates.ts';
import { insertCommit } from './commits.ts';
import { appendConversations, type ConversationWrite } from '../tables/conversations.ts';
import { insertEvaluations } from '../tables/evaluation-writes.ts';
import {
  inboxTargets,
  insertInbox,
  takeInbox,
  takeResults,
  type InboxTaken,
  type ResultTaken,
} from '../tables/inbox-writes.ts';
import { insertMemory, type MemoryWrite } from '../tables/memory-writes.ts';
import {
  questionCalls,
  type QuestionClosing,
  type QuestionOpening,
} from '../tables/question-writes.ts';
import { changeStatus, clearEnded, createRuns, moveRuns, queueRuns } from '../tables/run-writes.ts';
import { fence } from '../tables/shards.ts';
import { writeProviders } from '../tables/provider-writes.ts';
import { freed, writeSlots } from '../tables/slot-writes.ts';
import { checkKeys } from './start-keys.ts';
import type { Call } from '../link/statement.ts';
import {
  endSubscriptions,
  insertSubscriptions,
  type SubscriptionEnding,
  type SubscriptionWrite,
  type Waiter,
} from '../tables/subscription-writes.ts';
import {
  clearTimers,
  setTimers,
  type TimerClear,
  type TimerWrite,
} from '../tables/timer-writes.ts';

export type Plan = {
  readonly calls: readonly Call[];
  /** These answer with the runs that have a new inbox row. */
  readonly waking: readonly Call[];
  readonly queued: Call | null;
  /** Of the arrivals' inbox rows: one of these, when there are any. */
  readonly targets: Call | null;
  readonly accepting: Call | null;
};

type Created = TurnCommit & { readonly create: NewRun };

class Rows {
  readonly shards = new Map<number, number>();
  readonly created: Created[] = [];
  readonly moved: TurnCommit[] = [];
  readonly queued: StartArrival[] = [];
  readonly statuses = new Map<string, StatusChange>();
  readonly memory: MemoryWrite[] = [];
  readonly entries = new Map<string, number>();
  readonly cursors: CursorMove[] = [];
  private readonly lastMoves = new Map<string, CursorMove>();
  readonly groups: CursorMove[] = [];
  readonly channels = new Map<string, TouchedChannel & { messages: number }>();
  readonly messages: NumberedMessage[] = [];
  readonly delayed: MessageInsert[] = [];
  readonly ended: TurnCommit[] = [];
  readonly taken: InboxTaken[] = [];
  readonly takenResults: ResultTaken[] = [];
  readonly kept: InboxInsert[] = [];
  readonly inbox: InboxInsert[] = [];
  readonly subscriptions: SubscriptionWrite[] = [];
  readonly waiters: Waiter[] = [];
  readonly endings: SubscriptionEnding[] = [];
  readonly left: EndedSubscription[] = [];
  readonly evaluations: TurnCommit['evaluations'][number][] = [];
  readonly conversation: ConversationWrite[] = [];
  readonly clearedTimers: TimerClear[] = [];
  readonly timers = new Map<string, TimerWrite>();
  readonly closedQuestions: QuestionClosing[] = [];
  readonly openedQuestions: QuestionOpening[] = [];

  turn(turn: TurnCommit, epoch: number): void {
    const { tenant, runId, shard, ended } = turn;
    this.shards.set(shard, epoch);
    if (turn.create === null) this.moved.push(turn);
    else this.created.push(turn as Created);
    if (ended === null) {
      for (const seq of turn.takenInbox) this.taken.push({ tenant, runId, seq });
      for (const key of turn.takenResults) this.takenResults.push({ tenant, runId, key });
      for (const timerId of turn.clearTimers) this.clearedTimers.push({ tenant, runId, timerId });
      for (const timer of turn.setTimers) {
        const key = `${tenant}\u0000${runId}\u0000${timer.timerId}`;
        this.timers.set(key, { tenant, runId, shard, timer });
      }
    } else if (turn.create === null) this.ended.push(turn);
    this.queued.push(...turn.children);
    this.inbox.push(...turn.inbox);
    this.evaluations.push(...turn.evaluations);
    turn.conversation.forEach((insert, place) => {
      this.conversation.push({ tenant, runId, turn: turn.expectedTurn + 1, place, insert });
    });
    for (const end of turn.closeQuestions) this.closedQuestions.push({ tenant, runId, ...end });
    for (const insert of turn.openQuestions) this.openedQuestions.push({ tenant, runId, insert });
    for (const message of turn.messages) this.message(message);
    for (const insert of turn.memory) this.version(insert);
    for (const move of turn.groupCursors) this.cursor(tenant, move);
    for (const insert of turn.subscribe) this.subscribe(turn, insert);
    for (const end of turn.unsubscribe) {
      this.endings.push({ tenant, end });
      this.left.push({ tenant, subscriptionId: end.subscriptionId });
    }
  }

  /** What does not follow within the batch stays unchained, and the statement's guard refuses it. */
  version(insert: TurnCommit['memory'][number]): void {
    const key = memoryKey(insert);
    this.memory.push({ insert, chained: this.entries.get(key) === insert.version - 1 });
    this.entries.set(key, insert.version);
  }

  message(insert: MessageInsert): void {
    if (insert.delayMs > 0) {
      this.delayed.push(insert);
      return;
    }
    const channel = this.touch(insert.tenant, insert.channel);
    channel.messages++;
    // Until all are counted this is the message's own place; `calls` turns it around.
    this.messages.push({ insert, back: channel.messages });
  }

  touch(tenant: string, channel: string): TouchedChannel {
    const key = `${tenant}\u0000${channel}`;
    let touched = this.channels.get(key);
    if (touched === undefined) {
      touched = { tenant, channel, messages: 0 };
      this.channels.set(key, touched);
    }
    return touched;
  }

  /** Moves of one group that follow each other are one; others are two, and the guard refuses. */
  private cursor(tenant: string, move: TurnCommit['groupCursors'][number]): void {
    const key = cursorKey(tenant, move);
    const before = this.lastMoves.get(key);
    const joined = before !== undefined && before.to === move.from;
    const row = { tenant, ...move, from: joined ? before.from : move.from };
    if (joined) this.cursors.splice(this.cursors.indexOf(before), 1);
    this.cursors.push(row);
    this.lastMoves.set(key, row);
    this.touch(tenant, move.channel);
  }

  private subscribe(turn: TurnCommit, insert: SubscriptionInsert): void {
    const { tenant, runId, shard } = turn;
    this.subscriptions.push({ tenant, runId, shard, insert });
    if (insert.status !== 'waiting' && insert.status !== 'registering') return;
    const { subscriptionId } = insert;
    for (const at of insert.channels) {
      this.waiters.push({ tenant, runId, shard, subscriptionId, at });
      this.touch(tenant, at.channel);
      const { channel, group, after } = at;
      if (group !== null) this.groups.push({ tenant, channel, group, from: null, to: after });
    }
  }
}

/** `trial`: to find poison, in a transaction that ends in a rollback: any part may be missing. */
export function planCommit(batch: Batch, fates: Fates, trial: boolean): Plan {
  const rows = new Rows();
  const { arrivals } = batch;
  batch.turns.forEach((turn, index) => {
    if (fates.turns[index] === null) rows.turn(turn, batch.epochs.get(turn.shard) ?? -1);
  });
  batch.statusChanges.forEach((change, index) => {
    if (fates.statusChanges[index] !== null) return;
    rows.shards.set(change.shard, batch.epochs.get(change.shard) ?? -1);
    rows.statuses.set(`${change.tenant}\u0000${change.runId}\u0000${change.expectedTurn}`, change);
  });
  for (const { key, payloadText, ...address } of live(batch.results, fates.results)) {
    rows.shards.set(address.shard, batch.epochs.get(address.shard) ?? -1);
    rows.kept.push({ ...address, kind: 'result', ref: null, payloadText, key });
  }
  for (const { call } of live(batch.slots, fates.slots)) {
    if (call !== null) rows.shards.set(call.shard, batch.epochs.get(call.shard) ?? -1);
  }
  const charges = liveCharges(batch, fates);
  for (const { shard } of charges.settled) rows.shards.set(shard, batch.epochs.get(shard) ?? -1);
  rows.queued.push(...live(arrivals.starts, fates.starts));
  const arrived = live(arrivals.inbox, fates.inbox);
  for (const message of live(arrivals.messages, fates.messages)) rows.message(message);
  arrivals.memory.forEach((insert, index) => {
    if (fates.memory[index] !== null) return;
    rows.version({ ...insert, version: fates.renumbered[index] ?? insert.version });
  });
  return callsOf(batch, fates, rows, { arrived, trial });
}

const noCharges: Charges = { reserved: [], settled: [], defaults: {} };

/** A call that is in no slot reserves nothing. */
function liveCharges({ charges }: Batch, fates: Fates): Charges {
  if (charges === undefined) return noCharges;
  const reserved = charges.reserved.filter(({ slot }) => fates.slots[slot] === null);
  return { ...charges, reserved, settled: live(charges.settled, fates.settled) };
}

function live<Part>(parts: readonly Part[], fates: readonly unknown[]): Part[] {
  return parts.filter((_, index) => fates[index] === null);
}

/** A call that is fenced is not in its slot; what else happened there has happened. */
const orFree =
  (fates: Fates) =>
  (write: SlotWrite, index: number): SlotWrite =>
    fates.slots[index] === null ? write : freed(write);

const byGroup = (a: CursorMove, b: CursorMove): number =>
  cursorKey(a.tenant, a) < cursorKey(b.tenant, b) ? -1 : 1;
const byRun = (a: TurnCommit, b: TurnCommit): number =>
  `${a.runId}${a.tenant}` < `${b.runId}${b.tenant}` ? -1 : 1;

function callsOf(
  batch: Batch,
  fates: Fates,
  rows: Rows,
  { arrived, trial }: { readonly arrived: readonly InboxArrival[]; readonly trial: boolean },
): Plan {
  const outside = arrivalCalls(arrived, batch.commitId);
  rows.inbox.push(...outside.plain);
  const some = <Row>(set: readonly Row[], call: (set: readonly Row[]) => Call): Call | null =>
    set.length === 0 ? null : call(set);
  const epochs = [...rows.shards].sort(([a], [b]) => a - b);
  const moves = trial ? [] : rows.cursors.sort(byGroup);
  const channels = [...rows.channels.values()];
  for (const message of rows.messages) {
    message.back =
      rows.touch(message.insert.tenant, message.insert.channel).messages - message.back;
  }
  const memory = trial ? rows.memory.map(({ insert }) => ({ insert, chained: true })) : rows.memory;
  const touched = channels.length > 0 || rows.left.length > 0;
  const queued = some(rows.queued, queueRuns);
  const inbox = some(rows.inbox, insertInbox);
  const targets = some(outside.plain, inboxTargets);
  const closed = trial ? [] : rows.closedQuestions;
  const wakes = touched ? wake(channels, rows.left) : null;
  const calls = [
    insertCommit(batch.commitId, refusedText(fates)),
    some(epochs, (set) => fence(batch.replicaId, set)),
    some(rows.created, createRuns),
    some(rows.moved.sort(byRun), moveRuns),
    some([...rows.statuses.values()], changeStatus),
    queued,
    trial ? null : checkKeys(rows.queued),
    some(rows.evaluations, insertEvaluations),
    some(rows.conversation, appendConversations),
    some(memory, insertMemory),
    ...cursorCalls(moves),
    some(rows.groups, registerGroups),
    touched ? touchChannels(channels, rows.left) : null,
    some(rows.messages, insertMessages),
    some(rows.delayed, delayMessages),
    some(rows.clearedTimers, clearTimers),
    some([...rows.timers.values()], setTimers),
    some(rows.subscriptions, (set) => insertSubscriptions(set, rows.waiters)),
    some(rows.endings, endSubscriptions),
    ...questionCalls(outside.answered, closed, rows.openedQuestions),
    some(rows.ended, clearEnded),
    some(rows.taken, takeInbox),
    some(rows.takenResults, takeResults),
    targets,
    inbox,
    outside.accepting,
    outside.bound,
    some(rows.kept, insertInbox),
    wakes,
    some(batch.slots, (set) => writeSlots(batch.replicaId, set.map(orFree(fates)))),
    some(batch.providers, writeProviders),
    ...writeCharges(liveCharges(batch, fates)),
  ];
  return {
    calls: calls.filter(isCall),
    waking: [queued, inbox, outside.accepting, wakes].filter(isCall),
    queued,
    targets,
    accepting: outside.accepting,
  };
}

function cursorCalls(moves: readonly CursorMove[]): Call[] {
  const first = moves.filter((move) => move.from === null);
  const later = moves.filter((move) => move.from !== null);
  return [
    ...(first.length > 0 ? [createCursors(first)] : []),
    ...(later.length > 0 ? [moveCursors(later)] : []),
  ];
}

const isCall = (call: Call | null): call is Call => call !== null;
