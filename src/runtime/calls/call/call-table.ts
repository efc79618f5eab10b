/**
 * A provider call's states, and every move from one to another. `RunCall.move` writes a call's state, and
 * makes no move that is not in this table.
 *
 * In no line:
 * - proposed: a turn asks for the call.
 * - behind: a call of the same key was aborted and its request has not ended. The slot's row can name only
 *   one of the two.
 * - failed: no provider takes the call; its run hears so with its next turn.
 *
 * In line:
 * - queued: in the pool, in no slot: in the line of its route, or in the pause after an attempt that failed.
 * - held: one of the call's budgets is full.
 *
 * In a slot:
 * - granted: the commit that writes the slot is under way.
 * - cleared: the slot and the call's turn have committed: its request may be sent (promise 3).
 * - sent: the request is under way.
 * - answered: the call has its result; the slot is taken until the result is committed.
 * - leaving: no run waits for the call any more. Its request, if one was sent, has been aborted but has not
 *   ended.
 *
 * At its end:
 * - kept: the result is in the run's inbox and the slot is free; the run has not taken the result yet.
 * - over: nothing is left of the call.
 *
 * Beside its state, a call is durable or not: durable means that the turn that asks for it has committed. In
 * the states of `withDurable` both are possible; `settle` makes such a call durable, and no move takes that
 * back. Only a durable call is cleared, so it is durable in all states after that. Only a call that is not
 * durable is withdrawn.
 */
export type CallKind =
  | 'proposed'
  | 'behind'
  | 'failed'
  | 'queued'
  | 'held'
  | 'granted'
  | 'cleared'
  | 'sent'
  | 'answered'
  | 'leaving'
  | 'kept'
  | 'over';

export const withDurable = ['proposed', 'behind', 'failed', 'queued', 'held', 'granted'] as const;

export const callTable = {
  proposed: {
    /** The call's turn has committed. */
    settle: 'proposed',
    /** The pool takes the call. */
    enter: 'queued',
    /** An aborted call of the same key still has its slot. */
    block: 'behind',
    /** One of the call's budgets is full. */
    hold: 'held',
    /** No provider takes the call. */
    reject: 'failed',
    /** The run no longer waits for the call, or belongs to another replica. */
    leave: 'over',
  },
  behind: {
    settle: 'behind',
    /** The aborted call of the same key is over. */
    unblock: 'proposed',
    leave: 'over',
  },
  failed: {
    settle: 'failed',
    /** A turn takes the call's result. */
    record: 'over',
    leave: 'over',
  },
  queued: {
    settle: 'queued',
    grant: 'granted',
    /** The batch of the call's turn has no slot for it: no other batch may give one before that one commits. */
    withdraw: 'proposed',
    leave: 'over',
  },
  held: {
    settle: 'held',
    /** Another of the call's budgets is full too. */
    hold: 'held',
    /** The call's budgets have room. */
    fit: 'proposed',
    leave: 'over',
  },
  granted: {
    settle: 'granted',
    /** The slot is committed. */
    clear: 'cleared',
    /** The commit of the slot has found a budget full. */
    hold: 'held',
    /** The slot is committed, and the call's turn is not. */
    withdraw: 'proposed',
    leave: 'leaving',
  },
  cleared: {
    send: 'sent',
    /** The provider has asked to wait, or is out: the call has its place in line again. */
    withheld: 'queued',
    /** The run's row has no such call open: the run has to be read again. */
    lose: 'proposed',
    /** The call's input cannot be read: that error is its result. */
    answer: 'answered',
    leave: 'leaving',
  },
  sent: {
    answer: 'answered',
    /** The call waits for another attempt: the run does not hear of this event and the next four (promise 8). */
    'rate-limited': 'queued',
    outage: 'queued',
    refused: 'queued',
    'retry-once': 'queued',
    'timed-out': 'queued',
    leave: 'leaving',
  },
  answered: {
    /** A commit of its own writes the result to the run's inbox. */
    keep: 'kept',
    record: 'over',
    leave: 'over',
  },
  leaving: {
    /** The request has ended, or none is sent. */
    end: 'over',
  },
  kept: {
    record: 'over',
    leave: 'over',
  },
  over: {},
} as const satisfies Readonly<Record<CallKind, Readonly<Record<string, CallKind>>>>;

type Table = typeof callTable;

/** The events that a call may have in every one of these states. */
export type EventIn<Kind extends CallKind> = keyof Table[Kind];
/** The state after this event. */
export type Target<Kind extends CallKind, Event extends EventIn<Kind>> = Table[Kind][Event] &
  CallKind;

const rows: Readonly<Record<CallKind, Readonly<Record<string, CallKind>>>> = callTable;

/** A state as the table sees it. Without `durable`: the call is durable, or durability no longer matters. */
type Seen = { readonly kind: CallKind; readonly durable?: boolean };

export function isInTable(from: Seen, event: string, to: Seen): boolean {
  const row = rows[from.kind];
  if (!Object.hasOwn(row, event) || row[event] !== to.kind) return false;
  switch (event) {
    case 'settle':
      return from.durable === false && to.durable === true;
    case 'clear':
      return from.durable === true;
    case 'withdraw':
      return from.durable === false && to.durable === false;
    default:
      return to.durable === undefined || to.durable === (from.durable ?? true);
  }
}
