/**
 * A provider call's states, and every move from one to another. `RunCall.move` writes a call's state, and
 * makes no move that is not in this table.
 *
 * In no line:
 * - proposed: a turn asks for it.
 * - behind: a call of the same key was aborted, and its request has not ended: the slot's row can name one only.
 * - failed: no provider takes it; its run hears so with its next turn.
 *
 * In line:
 * - queued: in the pool, in no slot: in the line of its route, or in the pause after an attempt that failed.
 * - held: a budget of it is full.
 *
 * In a slot:
 * - granted: the commit that writes its slot is under way.
 * - cleared: that has committed, and so has its turn: its request may be sent (promise 3).
 * - sent: its request is under way.
 * - answered: it has its result; the slot is taken until that is committed.
 * - leaving: nobody waits for it any more, and its request, if one was sent, has been aborted but has not ended.
 *
 * At its end:
 * - kept: its result is in its run's inbox, and its slot given on; its run has yet to take the result.
 * - over: nothing is left of it.
 *
 * Whether the turn that asks for a call has committed is an axis of its own. In the states of `withDurable`
 * both are possible; `settle` makes such a call durable, and no move takes that back. Only what is durable
 * is cleared, so all that follows is durable too; only what is not is withdrawn.
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
    /** Its turn has committed. */
    settle: 'proposed',
    /** The pool lets it in. */
    enter: 'queued',
    /** A call of its key leaves its slot yet. */
    block: 'behind',
    /** A budget of it is full. */
    hold: 'held',
    /** No provider takes it. */
    reject: 'failed',
    /** Its run waits for it no more, or is another replica's. */
    leave: 'over',
  },
  behind: {
    settle: 'behind',
    /** That call is over. */
    unblock: 'proposed',
    leave: 'over',
  },
  failed: {
    settle: 'failed',
    /** A turn takes its result. */
    record: 'over',
    leave: 'over',
  },
  queued: {
    settle: 'queued',
    grant: 'granted',
    /** The batch of its turn has no slot for it: no other batch may give it one before that commits. */
    withdraw: 'proposed',
    leave: 'over',
  },
  held: {
    settle: 'held',
    /** Another budget of it is full too. */
    hold: 'held',
    /** Its budgets have room. */
    fit: 'proposed',
    leave: 'over',
  },
  granted: {
    settle: 'granted',
    /** Its slot is committed. */
    clear: 'cleared',
    /** The commit of its slot has found a budget full. */
    hold: 'held',
    /** Its slot is committed, and its turn is not. */
    withdraw: 'proposed',
    leave: 'leaving',
  },
  cleared: {
    send: 'sent',
    /** Its provider wants to be left alone by now: it has its place again. */
    withheld: 'queued',
    /** Its run's row has no such call open: its run has to say what is true. */
    lose: 'proposed',
    /** What it asks cannot be read: that is its result. */
    answer: 'answered',
    leave: 'leaving',
  },
  sent: {
    answer: 'answered',
    /** The ways back: the run does not hear of these (promise 8). */
    'rate-limited': 'queued',
    outage: 'queued',
    refused: 'queued',
    'retry-once': 'queued',
    'timed-out': 'queued',
    leave: 'leaving',
  },
  answered: {
    /** A commit of its own keeps its result. */
    keep: 'kept',
    record: 'over',
    leave: 'over',
  },
  leaving: {
    /** Its request has ended, or none is sent. */
    end: 'over',
  },
  kept: {
    record: 'over',
    leave: 'over',
  },
  over: {},
} as const satisfies Readonly<Record<CallKind, Readonly<Record<string, CallKind>>>>;

type Table = typeof callTable;

/** What may happen to a call in any of these states. */
export type EventIn<Kind extends CallKind> = keyof Table[Kind];
/** Where that takes it. */
export type Target<Kind extends CallKind, Event extends EventIn<Kind>> = Table[Kind][Event] &
  CallKind;

const rows: Readonly<Record<CallKind, Readonly<Record<string, CallKind>>>> = callTable;

/** A state as the table sees it. Without `durable`: it is, or it is no longer of weight. */
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
