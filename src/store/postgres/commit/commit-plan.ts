/**
 * From a batch to the calls of its transaction. Each set of rows becomes one statement, and none where
 * there are no rows.
 *
 * The order below is the order of locks of every commit, everywhere: commit, shards, runs, images, memory
 * entries, groups' cursors, channels, then rows that only their run's owner writes, questions, inbox
 * rows with the keys of sends before them, slots, providers, budgets with the reservations under them,
 * attempts, and last requests.
 */
import { freed, type Batch, type SlotWrite, type TurnCommit } from '../../batch.ts';
import type { Charges } from '../../charges.ts';
import type { Fates } from '../../fates.ts';
import type { InboxArrival, NewRun } from '../../rows.ts';
import { answerOf, markedParts } from '../../requests/request-port.ts';
import { insertAttempts } from '../tables/attempts.ts';
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
} from '../tables/channel-writes.ts';
import { writeCharges } from '../tables/budget-writes.ts';
import { cursorKey, refusedText } from './commit-fates.ts';
import { CommitRows } from './commit-rows.ts';
import { insertCommit } from './commits.ts';
import { appendConversations } from '../tables/conversations.ts';
import { insertEvaluations } from '../tables/evaluation-writes.ts';
import { insertImages, useImages } from '../tables/images.ts';
import { inboxTargets, insertInbox, takeInbox, takeResults } from '../tables/inbox-writes.ts';
import { insertMemory } from '../tables/memory-writes.ts';
import { questionCalls } from '../tables/question-writes.ts';
import { insertRequests, type RequestWrite } from '../tables/requests.ts';
import {
  changeStatus,
  clearEnded,
  createRuns,
  insertCheckpoints,
  moveRuns,
  queueRuns,
  tagRuns,
} from '../tables/run-writes.ts';
import { fence } from '../tables/shards.ts';
import { writeProviders, writeSlots } from '../tables/provider-writes.ts';
import { checkKeys } from './start-keys.ts';
import type { Call } from '../link/statement.ts';
import { endSubscriptions, insertSubscriptions } from '../tables/subscription-writes.ts';
import { clearTimers, setTimers } from '../tables/timer-writes.ts';

export type Plan = {
  readonly calls: readonly Call[];
  /** Calls that return the runs with a new inbox row. */
  readonly waking: readonly Call[];
  readonly queued: Call | null;
  /** At most one of the next two is set: the call that judges the inbox rows of arrivals. */
  readonly targets: Call | null;
  readonly accepting: Call | null;
};

/**
 * `trial`: plans a transaction that looks for poison and ends in a rollback. Any part may be missing
 * then.
 */
export function planCommit(batch: Batch, fates: Fates, trial: boolean): Plan {
  const rows = new CommitRows();
  const { arrivals, epochs } = batch;
  const hold = ({ shard }: { readonly shard: number }): void => {
    rows.shards.set(shard, epochs.get(shard) ?? -1);
  };
  for (const turn of fates.without('turns', batch.turns)) {
    hold(turn);
    rows.turn(turn);
  }
  for (const change of fates.without('statusChanges', batch.statusChanges)) {
    hold(change);
    rows.statuses.set(`${change.tenant}\u0000${change.runId}\u0000${change.expectedTurn}`, change);
  }
  for (const { key, payloadText, ...address } of fates.without('results', batch.results)) {
    hold(address);
    rows.kept.push({ ...address, kind: 'result', ref: null, payloadText, key });
  }
  for (const { call } of fates.without('slots', batch.slots)) if (call !== null) hold(call);
  const charges = liveCharges(batch, fates);
  charges.settled.forEach(hold);
  rows.queued.push(...fates.without('starts', arrivals.starts));
  const arrived = fates.without('inbox', arrivals.inbox);
  for (const message of fates.without('messages', arrivals.messages)) rows.message(message);
  arrivals.memory.forEach((insert, index) => {
    const fate = fates.of('memory', index);
    if (fate !== null && fate.kind !== 'renumbered') return;
    rows.version(fate === null ? insert : { ...insert, version: fate.version });
  });
  const requests = trial ? [] : requestRows(batch, fates);
  return callsOf(batch, fates, rows, { arrived, charges, requests, trial });
}

/** The requests whose parts take part. Inbox rows are found by their place among those that are judged. */
function requestRows({ arrivals }: Batch, fates: Fates): RequestWrite[] {
  const marked = markedParts(arrivals);
  if (marked.length === 0) return [];
  const places = new Map<number, number>();
  arrivals.inbox.forEach((_, index) => {
    if (fates.of('inbox', index) === null) places.set(index, places.size + 1);
  });
  return marked.flatMap((part): RequestWrite[] => {
    const { kind, index, tenant, request } = part;
    const fate = fates.of(kind, index);
    if (fate !== null && fate.kind !== 'renumbered') return [];
    const asked = kind === 'memory' ? arrivals.memory[index] : undefined;
    const version = fate === null ? (asked?.version ?? null) : fate.version;
    const place = kind === 'inbox' ? (places.get(index) ?? null) : null;
    return [{ tenant, ...request, answerText: answerOf(part, version), place }];
  });
}

const noCharges: Charges = { reserved: [], settled: [], defaults: {} };

/** A call that is put into no slot reserves nothing. */
function liveCharges({ charges }: Batch, fates: Fates): Charges {
  if (charges === undefined) return noCharges;
  const slots = fates.all('slots');
  const reserved = charges.reserved.filter(({ slot }) => !slots.has(slot));
  return { ...charges, reserved, settled: fates.without('settled', charges.settled) };
}

/** A fenced call is not in its slot, but the slot's other changes count. */
function slotsOf({ slots }: Batch, fates: Fates): readonly SlotWrite[] {
  const left = fates.all('slots');
  return left.size === 0 ? slots : slots.map((write, i) => (left.has(i) ? freed(write) : write));
}

const byGroup = (a: CursorMove, b: CursorMove): number =>
  cursorKey(a.tenant, a) < cursorKey(b.tenant, b) ? -1 : 1;
const byRun = (a: TurnCommit, b: TurnCommit): number =>
  `${a.runId}${a.tenant}` < `${b.runId}${b.tenant}` ? -1 : 1;

/** Parts that take part, beside the gathered rows. */
type Taking = {
  readonly arrived: readonly InboxArrival[];
  readonly charges: Charges;
  readonly requests: readonly RequestWrite[];
  readonly trial: boolean;
};

function callsOf(
  batch: Batch,
  fates: Fates,
  rows: CommitRows,
  { arrived, charges, requests, trial }: Taking,
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
    ...startCalls(rows, trial),
    some(rows.checkpoints, insertCheckpoints),
    some(rows.evaluations, insertEvaluations),
    some(rows.conversation, appendConversations),
    some(rows.images, insertImages),
    some(rows.imageUses, useImages),
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
    some(slotsOf(batch, fates), (set) => writeSlots(batch.replicaId, set)),
    some(batch.providers, writeProviders),
    ...writeCharges(charges),
    ...lastCalls(batch, requests),
  ];
  return {
    calls: calls.filter(isCall),
    waking: [queued, inbox, outside.accepting, wakes].filter(isCall),
    queued,
    targets,
    accepting: outside.accepting,
  };
}

function lastCalls(
  { attempts = [], commitId }: Batch,
  requests: readonly RequestWrite[],
): readonly Call[] {
  return [
    ...(attempts.length > 0 ? [insertAttempts(attempts)] : []),
    ...(requests.length > 0 ? [insertRequests(requests, commitId)] : []),
  ];
}

function cursorCalls(moves: readonly CursorMove[]): Call[] {
  const first = moves.filter((move) => move.from === null);
  const later = moves.filter((move) => move.from !== null);
  return [
    ...(first.length > 0 ? [createCursors(first)] : []),
    ...(later.length > 0 ? [moveCursors(later)] : []),
  ];
}

/** What stands beside the rows of runs that begin. */
function startCalls({ created, queued }: CommitRows, trial: boolean): (Call | null)[] {
  const begun: NewRun[] = [...created.map(({ create }) => create), ...queued];
  const tagged = begun.filter(({ tags }) => tags !== undefined);
  return [trial ? null : checkKeys(queued), tagged.length === 0 ? null : tagRuns(tagged)];
}

const isCall = (call: Call | null): call is Call => call !== null;
