/**
 * `receive` and `publish` inside a turn.
 *
 * A receive reads what its channels hold. If that is enough, the messages are taken at once, in this
 * very turn. Otherwise a subscription is registered, and the store wakes the run when there is more than
 * the run had seen. The store locks the channel's row for both, so no wake-up can be lost (promise 2).
 * The cursor moves in the commit of the turn that takes the messages, never before.
 */
import type { ReceivedMessage } from '../../domain/catalogue.ts';
import { checkPublish, checkReceive, type ResolvedReceive } from '../../domain/catalogue-input.ts';
import type { OpenInvocation } from '../../kernel/port.ts';
import type { Json } from '../../domain/json.ts';
import type { ChannelReadResult } from '../../store/port.ts';
import type { GroupCursorMove } from '../../store/batch.ts';
import type { SubscribedChannel } from '../../store/rows.ts';
import { clearTimer, limitTimer, lookTimer, setTimer, type Draft } from './draft.ts';
import { noted, without, type HeldReceive } from './held.ts';
import { subscriptionAfter } from './lifecycle.ts';
import { readChannels, type Reading } from './reading.ts';
import type { TurnContext } from './turn-context.ts';

/** How soon a group member looks again for the messages that it lacks. */
const lookAgainMs = 1_000;

export function* publish(draft: Draft, input: Json, context: TurnContext): Reading<Json> {
  const asked = checkPublish(input);
  const { run } = draft.from;
  if (context.countsChannels && !usedBefore(draft, asked.channel)) {
    const read = { tenant: run.tenant, channel: asked.channel, group: null, after: null } as const;
    const results = yield* readChannels([{ ...read, from: 'latest', limit: 1 }]);
    admitNew(draft, [asked.channel], results, context);
  }
  // The id follows from run, turn and place in the turn, so a turn that is computed again gives
  // its messages the same names.
  const messageId = `${run.runId}:${draft.turn}:${draft.messages.length}`;
  draft.messages.push({
    tenant: run.tenant,
    channel: asked.channel,
    messageId,
    payloadText: JSON.stringify(asked.payload),
    delayMs: asked.delayMs,
    runId: run.runId,
    shard: run.shard,
  });
  return { channel: asked.channel, messageId };
}

/**
 * Asks the tenant's quota for the channels that do not exist: a message makes one, and so does a run
 * that waits for one.
 */
function admitNew(
  draft: Draft,
  channels: readonly string[],
  results: readonly ChannelReadResult[],
  context: TurnContext,
): void {
  channels.forEach((channel, i) => {
    if (results[i]?.exists !== false || usedBefore(draft, channel)) return;
    context.admit(draft.from.run.tenant, 'channels');
  });
}

/** True for a channel that this turn has used before: it has been counted. */
function usedBefore(draft: Draft, channel: string): boolean {
  return (
    draft.messages.some((message) => message.channel === channel) ||
    draft.subscribe.some(({ channels }) => channels.some((one) => one.channel === channel))
  );
}

/** The receive's output, or null when it has to wait. */
export function* beginReceive(
  draft: Draft,
  invocation: OpenInvocation,
  context: TurnContext,
): Reading<Json> {
  const asked = checkReceive(invocation.input ?? null);
  const results = yield* look(draft, asked, null);
  const taken = take(asked, results);
  const { run } = draft.from;
  const subscriptionId = `${run.runId}:${invocation.id}:${invocation.incarnation}`;
  const channels = asked.channels.map((channel, i) => ({
    channel,
    group: asked.group,
    after: results[i]?.cursor ?? 0,
  }));
  if (taken !== null) {
    moveCursors(draft, asked, results, taken);
    draft.subscribe.push({
      subscriptionId,
      invocationId: invocation.id,
      status: subscriptionAfter('REGISTER', 'DELIVER'),
      channels,
      delivered: taken.map(({ channel, seq }) => ({ channel, seq })),
    });
    return { messages: taken };
  }
  admitNew(draft, asked.channels, results, context);
  register(draft, asked, invocation, { subscriptionId, channels }, results);
  return null;
}

function register(
  draft: Draft,
  asked: ResolvedReceive,
  invocation: OpenInvocation,
  held: { subscriptionId: string; channels: readonly SubscribedChannel[] },
  results: readonly ChannelReadResult[],
): void {
  draft.subscribe.push({
    ...held,
    invocationId: invocation.id,
    status: subscriptionAfter('REGISTER'),
    delivered: [],
  });
  draft.held = { ...draft.held, receives: { ...draft.held.receives, [invocation.id]: held } };
  // A start at `latest` is fixed now, so that the run gets what is published while it waits.
  if (asked.group === null) {
    const begun = held.channels.filter(({ after }) => after > 0);
    const cursors = Object.fromEntries(begun.map(({ channel, after }) => [channel, after]));
    draft.held = { ...draft.held, cursors: { ...draft.held.cursors, ...cursors } };
  } else {
    held.channels.forEach(({ channel, group, after }, i) => {
      if (group === null || results[i]?.cursorStored === true) return;
      moveGroup(draft, { channel, group, from: null, to: after });
    });
  }
  if (asked.timeoutMs !== null) {
    setTimer(draft, {
      timerId: limitTimer(invocation.id),
      generation: invocation.incarnation,
      delayMs: asked.timeoutMs,
    });
  }
}

/** Called when the store says that there may be messages; null when they are not enough yet. */
export function* continueReceive(draft: Draft, invocation: OpenInvocation): Reading<Json> {
  const held = noted(draft.held.receives, invocation.id);
  if (held === undefined) return null;
  const asked = checkReceive(invocation.input ?? null);
  const results = yield* look(draft, asked, held.channels);
  const taken = take(asked, results);
  if (taken === null) {
    waitOn(draft, asked, invocation, { held, results });
    return null;
  }
  moveCursors(draft, asked, results, taken);
  endReceive(draft, invocation.id, 'DELIVER', taken);
  return { messages: taken };
}

/**
 * There are not enough messages yet. The wake-up that led here is deleted with this turn, and a message
 * that came between the turn's reads and its commit has made no other. So the commit looks at the
 * channels again, as for a new registration. A member of a group that needs several messages at once
 * would be woken over and over for those that it knows already; it looks again after `lookAgainMs`
 * instead.
 */
function waitOn(
  draft: Draft,
  asked: ResolvedReceive,
  invocation: OpenInvocation,
  waiting: { readonly held: HeldReceive; readonly results: readonly ChannelReadResult[] },
): void {
  if (asked.group !== null && asked.needed > 1) {
    const generation = invocation.incarnation;
    setTimer(draft, { timerId: lookTimer(invocation.id), generation, delayMs: lookAgainMs });
    return;
  }
  const { held, results } = waiting;
  draft.subscribe.push({
    subscriptionId: held.subscriptionId,
    invocationId: invocation.id,
    status: subscriptionAfter('REGISTER'),
    channels: held.channels.map((channel, i) =>
      asked.group === null ? { ...channel, after: results[i]?.head ?? channel.after } : channel,
    ),
    delivered: [],
  });
}

/** Ends a waiting receive: with its messages, at its limit, or because the chart went on. */
export function endReceive(
  draft: Draft,
  invocationId: string,
  how: 'DELIVER' | 'EXPIRE' | 'CANCEL',
  taken: readonly ReceivedMessage[] = [],
): void {
  const held = noted(draft.held.receives, invocationId);
  if (held === undefined) return;
  draft.unsubscribe.push({
    subscriptionId: held.subscriptionId,
    status: subscriptionAfter('REGISTER', how),
    delivered: taken.map(({ channel, seq }) => ({ channel, seq })),
  });
  draft.held = { ...draft.held, receives: without(draft.held.receives, invocationId) };
  clearTimer(draft, limitTimer(invocationId));
  clearTimer(draft, lookTimer(invocationId));
}

/**
 * Reads the messages of the channels for this receive. When this turn has moved a group's cursor,
 * the new place stands in the draft and not yet in the store: the group is then read on from there.
 */
function* look(
  draft: Draft,
  asked: ResolvedReceive,
  waiting: readonly SubscribedChannel[] | null,
): Reading<readonly ChannelReadResult[]> {
  const moved = asked.channels.map((channel) => movedTo(draft, channel, asked.group));
  const results = yield* readChannels(
    asked.channels.map((channel, i) => {
      const own = noted(draft.held.cursors, channel) ?? waiting?.[i]?.after ?? null;
      const to = moved[i] ?? null;
      return {
        tenant: draft.from.run.tenant,
        channel,
        group: to === null ? asked.group : null,
        after: asked.group === null ? own : to,
        from: asked.from,
        limit: asked.max,
      };
    }),
  );
  return results.map((result, i) =>
    (moved[i] ?? null) === null ? result : { ...result, cursorStored: true },
  );
}

/** Where this turn has moved the group's cursor; null when it has not. */
function movedTo(draft: Draft, channel: string, group: string | null): number | null {
  return draft.groupCursors.find((move) => isSameGroup(move, { channel, group }))?.to ?? null;
}

/** The messages that satisfy the receive, in order of its channels, or null. */
function take(
  asked: ResolvedReceive,
  results: readonly ChannelReadResult[],
): readonly ReceivedMessage[] | null {
  if (asked.until === 'all') {
    if (results.some(({ messages }) => messages.length === 0)) return null;
    return results.flatMap(({ messages }) => messages.slice(0, asked.max).map(received));
  }
  const all = results.flatMap(({ messages }) => messages).slice(0, asked.max);
  return all.length < asked.needed ? null : all.map(received);
}

function received(row: ReceivedMessage): ReceivedMessage {
  return { channel: row.channel, seq: row.seq, messageId: row.messageId, payload: row.payload };
}

function moveCursors(
  draft: Draft,
  asked: ResolvedReceive,
  results: readonly ChannelReadResult[],
  taken: readonly ReceivedMessage[],
): void {
  const newest = new Map<string, number>();
  for (const { channel, seq } of taken) newest.set(channel, seq);
  if (asked.group === null) {
    draft.held = {
      ...draft.held,
      cursors: { ...draft.held.cursors, ...Object.fromEntries(newest) },
    };
    return;
  }
  const { group } = asked;
  asked.channels.forEach((channel, i) => {
    const to = newest.get(channel);
    const result = results[i];
    if (to === undefined || result === undefined) return;
    moveGroup(draft, { channel, group, from: result.cursorStored ? result.cursor : null, to });
  });
}

/**
 * Moves a group's cursor. A turn's commit has one move for a group, however often the turn receives:
 * from where the store has the cursor to the last message taken.
 */
function moveGroup(draft: Draft, move: GroupCursorMove): void {
  const at = draft.groupCursors.findIndex((before) => isSameGroup(before, move));
  const before = draft.groupCursors[at];
  if (before === undefined) draft.groupCursors.push(move);
  else draft.groupCursors[at] = { ...move, from: before.from };
}

function isSameGroup(
  a: { readonly channel: string; readonly group: string },
  b: { readonly channel: string; readonly group: string | null },
): boolean {
  return a.channel === b.channel && a.group === b.group;
}
