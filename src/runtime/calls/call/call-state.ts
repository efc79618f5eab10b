/**
 * The data that a call has in each of its states, and no more. `call-table.ts` says what the states mean.
 *
 * A hundred thousand calls may wait, so calls that wait share their state objects: states without data are
 * constants, and a full budget makes one pair for all calls that wait for it (promise 7). The place of a
 * queued call in its line stands in the fields of `PoolCall`.
 */
import type { AttemptNote } from '../../../domain/calls/attempt.ts';
import type { GenerateOutput } from '../../../domain/catalogue.ts';
import type { CallOutcome } from '../../../providers/capacity/gate.ts';
import type { Grant } from '../../../providers/capacity/pool.ts';
import type { BudgetRow } from '../../../store/charges.ts';
import type { CallKind, EventIn, Target, withDurable } from './call-table.ts';

/** Where a call is: its gate, the number of its slot, and which attempt this is. */
export type CallSlot = Omit<Grant<unknown>, 'call'>;

/** A full budget, with the two states that all calls share which wait for it. */
export type FullBudget = {
  readonly row: BudgetRow;
  readonly tentative: Held<false>;
  readonly durable: Held<true>;
};
type Held<Durable extends boolean> = {
  readonly kind: 'held';
  readonly durable: Durable;
  readonly budget: FullBudget;
};

/** The tokens that an answer has used, and where. */
export type Used = {
  readonly provider: string;
  readonly model: string;
  readonly tokens: GenerateOutput['usage'];
  /** What answers of other providers have used before, which were of no use. */
  readonly earlier?: readonly Used[];
};

/** `durable`: the turn that asks for the call has committed. */
type Plain<Kind extends CallKind> =
  | { readonly kind: Kind; readonly durable: false }
  | { readonly kind: Kind; readonly durable: true };

/** A request that was sent. Each attempt has an AbortController of its own, which also names it. */
type Sent = { readonly sentAtMs: number; readonly abort: AbortController };

export type CallState =
  | Plain<'proposed'>
  | Plain<'behind'>
  | Plain<'failed'>
  | Plain<'queued'>
  | Held<false>
  | Held<true>
  | (Plain<'granted'> & { readonly slot: CallSlot })
  | { readonly kind: 'cleared'; readonly slot: CallSlot }
  | (Sent & {
      readonly kind: 'sent';
      readonly slot: CallSlot;
      readonly cancelLimit: () => void;
    })
  /** `used` null: the answer is a fault of the call itself. */
  | {
      readonly kind: 'answered';
      readonly slot: CallSlot;
      readonly used: Used | null;
      /** Null: no request was sent. */
      readonly attempt: AttemptNote | null;
    }
  /** `sent` null: no request was sent. */
  | { readonly kind: 'leaving'; readonly slot: CallSlot; readonly sent: Sent | null }
  | { readonly kind: 'kept' }
  | { readonly kind: 'over' };

export type StateOf<Kind extends CallKind> = Extract<CallState, { readonly kind: Kind }>;

/** The events that a call in this state may have: three of them depend on whether the call is durable. */
export type EventOf<From extends CallState> = Exclude<
  EventIn<From['kind']>,
  | ([From] extends [{ readonly durable: true }] ? 'settle' | 'withdraw' : never)
  | ([From] extends [{ readonly durable: false }] ? 'clear' : never)
  | (boolean extends DurableOf<From> ? 'settle' | 'withdraw' | 'clear' : never)
>;
/** The states that a call may be in after this event. */
export type MovedTo<From extends CallState, Event extends EventOf<From>> = StateOf<
  Target<From['kind'], Event>
>;
type DurableOf<From> = From extends { readonly durable: infer Durable } ? Durable : never;

type Constant = Exclude<(typeof withDurable)[number], 'held' | 'granted'>;

function constant<Kind extends Constant>(kind: Kind): (durable: boolean) => Plain<Kind> {
  const tentative = Object.freeze({ kind, durable: false } as const);
  const durably = Object.freeze({ kind, durable: true } as const);
  return (durable) => (durable ? durably : tentative);
}

export const proposed = constant('proposed');
export const behind = constant('behind');
export const failed = constant('failed');
export const queued = constant('queued');
export const kept: StateOf<'kept'> = Object.freeze({ kind: 'kept' });
export const over: StateOf<'over'> = Object.freeze({ kind: 'over' });

export function isIn<Kind extends CallKind>(state: CallState, kind: Kind): state is StateOf<Kind> {
  return state.kind === kind;
}

/** The call waits, perhaps for hours. */
export function isWaiting(state: CallState): state is StateOf<'queued' | 'held'> {
  return state.kind === 'queued' || state.kind === 'held';
}

type Tentative = Extract<CallState, { readonly durable: false }>;

export function isTentative(state: CallState): state is Tentative {
  return 'durable' in state && !state.durable;
}

/** The same state, durable. */
export function durably(state: Tentative): StateOf<Tentative['kind']> {
  switch (state.kind) {
    case 'held':
      return state.budget.durable;
    case 'granted':
      return { kind: 'granted', durable: true, slot: state.slot };
    case 'proposed':
      return proposed(true);
    case 'behind':
      return behind(true);
    case 'failed':
      return failed(true);
    case 'queued':
      return queued(true);
  }
}

const ok: CallOutcome = { kind: 'ok' };
/** The fault is the call's own: the provider answers. */
const callersFault: CallOutcome = { kind: 'caller', retryAfterMs: null };

export function outcomeOf({ used }: StateOf<'answered'>): CallOutcome {
  return used === null ? callersFault : ok;
}
