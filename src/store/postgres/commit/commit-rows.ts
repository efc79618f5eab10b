/**
 * The rows of a batch's parts, gathered by the statement that writes them. It owns how parts become one
 * row where several meet: moves of a group that follow each other, versions of an entry, messages of a
 * channel. The order of the statements stands in commit-plan.ts.
 */
import type { MessageInsert, StatusChange, SubscriptionInsert, TurnCommit } from '../../batch.ts';
import type { InboxInsert, StartArrival } from '../../rows.ts';
import type {
  CursorMove,
  EndedSubscription,
  NumberedMessage,
  TouchedChannel,
} from '../tables/channel-writes.ts';
import type { ConversationWrite } from '../tables/conversations.ts';
import type { ImageUseWrite, ImageWrite } from '../tables/images.ts';
import type { InboxTaken, ResultTaken } from '../tables/inbox-writes.ts';
import type { MemoryWrite } from '../tables/memory-writes.ts';
import type { QuestionClosing, QuestionOpening } from '../tables/question-writes.ts';
import type {
  SubscriptionEnding,
  SubscriptionWrite,
  Waiter,
} from '../tables/subscription-writes.ts';
import type { CreatingTurn } from '../tables/run-writes.ts';
import type { TimerClear, TimerWrite } from '../tables/timer-writes.ts';
import { cursorKey, memoryKey } from './commit-fates.ts';

export class CommitRows {
  /** By shard: the epoch at which the replica holds it. */
  readonly shards = new Map<number, number>();
  readonly created: CreatingTurn[] = [];
  readonly moved: TurnCommit[] = [];
  readonly checkpoints: TurnCommit[] = [];
  readonly queued: StartArrival[] = [];
  readonly statuses = new Map<string, StatusChange>();
  readonly memory: MemoryWrite[] = [];
  readonly entries = new Map<string, number>();
  readonly cursors: CursorMove[] = [];
  private readonly lastMoves = new Map<string, CursorMove>();
  readonly groups: CursorMove[] = [];
  readonly channels = new Map<string, TouchedChannel>();
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
  readonly images: ImageWrite[] = [];
  readonly imageUses: ImageUseWrite[] = [];
  readonly clearedTimers: TimerClear[] = [];
  readonly timers = new Map<string, TimerWrite>();
  readonly closedQuestions: QuestionClosing[] = [];
  readonly openedQuestions: QuestionOpening[] = [];

  turn(turn: TurnCommit): void {
    const { tenant, runId, shard, ended } = turn;
    if (turn.create === null) this.moved.push(turn);
    else this.created.push(turn as CreatingTurn);
    if (ended === null) {
      for (const seq of turn.takenInbox) this.taken.push({ tenant, runId, seq });
      for (const key of turn.takenResults) this.takenResults.push({ tenant, runId, key });
      for (const timerId of turn.clearTimers) this.clearedTimers.push({ tenant, runId, timerId });
      for (const timer of turn.setTimers) {
        const key = `${tenant}\u0000${runId}\u0000${timer.timerId}`;
        this.timers.set(key, { tenant, runId, shard, timer });
      }
    } else if (turn.create === null) this.ended.push(turn);
    if (turn.checkpoint === true) this.checkpoints.push(turn);
    this.queued.push(...turn.children);
    this.inbox.push(...turn.inbox);
    this.evaluations.push(...turn.evaluations);
    turn.conversation.forEach((insert, place) => {
      this.conversation.push({ tenant, runId, turn: turn.expectedTurn + 1, place, insert });
    });
    for (const { sha256, image } of turn.images) {
      this.imageUses.push({ tenant, runId, sha256 });
      if (image !== null) this.images.push({ tenant, sha256, ...image });
    }
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

  /**
   * A version that does not follow another one of this batch is not chained: the statement's guard
   * checks it.
   */
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
    // Until all messages are counted, `back` is the message's own place; `calls` then counts it from the
    // end.
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

  /**
   * Moves of one group that follow each other become one row. Other moves stay two rows, and the guard
   * refuses them.
   */
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
