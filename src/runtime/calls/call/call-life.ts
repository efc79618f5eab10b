/**
 * The effects of each move of a call (`call-table.ts`): on its slot, its budgets, its run's next turn, and on
 * what stays of it in memory.
 *
 * Owns the calls that no run waits for and whose requests have not ended. `calls.ts` decides when a call
 * moves for a turn or a batch. `call-ends.ts` handles the results of requests.
 *
 * 1. A call in a slot keeps the slot until its result is committed, until its request has ended without a
 *    result, or until it is known that no request goes out.
 * 2. When a request ends that no run waits for any more, the call ends and its slot is free.
 */
import type { Grant, Pool } from '../../../providers/capacity/pool.ts';
import { totalTokens } from '../../../providers/call-tokens.ts';
import type { BudgetRow } from '../../../store/charges.ts';
import type { Clock } from '../../ports.ts';
import type { CallsByRun } from '../calls-by-run.ts';
import type { AttemptLog } from '../attempt/attempt-log.ts';
import type { CallsOptions } from '../calls-options.ts';
import type { RestingCalls } from '../resting-calls.ts';
import type { CallGrants } from './call-grants.ts';
import { aborted, faultResult } from './call-result.ts';
import {
  behind,
  durably,
  failed,
  isTentative,
  kept,
  outcomeOf,
  over,
  proposed,
  queued,
  type StateOf,
  type Used,
} from './call-state.ts';
import type { RunCall } from './run-call.ts';

export type CallLifeOptions = Pick<CallsOptions, 'budgets' | 'deliver'> & {
  readonly attempts: AttemptLog;
  readonly clock: Clock;
  readonly pool: Pool<RunCall>;
  readonly grants: CallGrants;
  readonly runs: CallsByRun;
  readonly resting: RestingCalls;
  /** There is something to commit. */
  readonly wanted: () => void;
  /** What answers have cost of a call that waits for another attempt. */
  readonly used: (call: RunCall) => Used | undefined;
};

export class CallLife {
  readonly #options: CallLifeOptions;
  readonly #pool: Pool<RunCall>;
  readonly #leaving = new Set<RunCall>();

  constructor(options: CallLifeOptions) {
    this.#options = options;
    this.#pool = options.pool;
  }

  /** A run asks for the call: when it is in no line yet, it enters one. */
  enter(call: RunCall): void {
    this.#enter(call, null);
  }

  /**
   * The call's budgets have room for it again, at these providers (undefined: at all), even if other calls
   * still wait for them. A call whose turn has not committed enters when that commits.
   */
  fits(call: RunCall, within: readonly string[] | undefined): void {
    if (!isTentative(call.state)) this.#enter(call, { within });
  }

  #enter(call: RunCall, fit: { readonly within: readonly string[] | undefined } | null): void {
    const { state } = call;
    if (state.kind !== 'proposed') return;
    const { budgets, runs, wanted } = this.#options;
    if (fit === null && budgets.holds(call, state)) return wanted();
    let isIn: boolean;
    try {
      isIn = this.#pool.enqueue(call, this.#nowMs, fit?.within);
    } catch (error) {
      call.move(state, 'reject', failed(state.durable));
      return this.#options.deliver(call, faultResult(call, error));
    }
    // A call of the same key is still in a slot, with an aborted request: `#end` lets this one in.
    if (!isIn) return void call.move(state, 'block', behind(state.durable));
    call.move(state, 'enter', queued(state.durable));
    if (state.durable) wanted();
    else runs.markTentative(call);
  }

  /** The turn that asks for the call has committed. */
  settle(call: RunCall): void {
    const { state } = call;
    if (isTentative(state)) call.move(state, 'settle', durably(state));
    this.enter(call);
    this.#options.resting.rest(call);
  }

  /** The batch that is being made gives the call this slot. */
  granted(grant: Grant<RunCall>): void {
    const state = grant.call.stateFor('grant', 'queued');
    grant.call.move(state, 'grant', { kind: 'granted', durable: state.durable, slot: grant });
  }

  /** The batch of the call's turn gives it no slot: it leaves its line until that batch has committed. */
  withdraw(call: RunCall): void {
    const { state } = call;
    if (state.kind !== 'queued' || state.durable) return;
    call.move(state, 'withdraw', proposed(false));
    this.#pool.cancel(call, this.#nowMs);
  }

  /** The slot is committed. True: the caller sends the call, or finds there that it has left. */
  committed(grant: Grant<RunCall>): boolean {
    const { call } = grant;
    const { state } = call;
    if (state.kind === 'leaving') return state.slot === grant;
    if (state.kind !== 'granted' || state.slot !== grant) return false;
    if (state.durable) {
      call.move(state, 'clear', { kind: 'cleared', slot: grant });
      return true;
    }
    call.move(state, 'withdraw', proposed(false));
    this.#options.grants.free(grant, aborted);
    return false;
  }

  /** The commit of the call's slot has found this budget full. */
  refused(call: RunCall, budget: BudgetRow): void {
    const { budgets, resting } = this.#options;
    const { state } = call;
    budgets.reservations.refused(call);
    // The call may be leaving already: then `unwanted` frees its slot.
    if (state.kind !== 'granted') return;
    budgets.hold(call, state, budget);
    this.#options.grants.free(state.slot, aborted, 0);
    resting.rest(call);
  }

  /** A turn takes the result in the batch that is being made: the slot is free with that batch. */
  recorded(call: RunCall): void {
    const { state } = call;
    if (state.kind !== 'answered' && state.kind !== 'kept' && state.kind !== 'failed') return;
    this.#options.runs.remove(call);
    call.move(state, 'record', over);
    if (state.kind === 'answered') this.#given(call, state);
  }

  /** The result is part of a commit of its own: the slot is free with that commit. */
  kept(call: RunCall): void {
    const { state } = call;
    if (state.kind !== 'answered') return;
    call.move(state, 'keep', kept);
    this.#given(call, state);
  }

  /** No run waits for the call any more. */
  leave(call: RunCall): void {
    const { runs, resting, budgets, used } = this.#options;
    const { state } = call;
    runs.remove(call);
    resting.drop(call);
    switch (state.kind) {
      case 'leaving':
      case 'over':
        return;
      case 'granted':
      case 'cleared':
      case 'sent':
        this.#pool.cancel(call, this.#nowMs);
        budgets.reservations.settle(call, 'unknown');
        this.#leaving.add(call);
        return abandon(call, state);
      case 'answered':
        call.move(state, 'leave', over);
        this.#unused(call, state);
        budgets.reservations.settle(call, 'unknown');
        return this.#options.grants.free(state.slot, aborted, tokensOf(state));
      case 'queued':
        this.#pool.cancel(call, this.#nowMs);
        break;
      case 'held':
        budgets.leave(call, state);
        break;
      case 'proposed':
      case 'behind':
      case 'failed':
      case 'kept':
    }
    call.move(state, 'leave', over);
    budgets.reservations.settle(call, used(call) ?? 'nothing');
  }

  /** This replica closes: the slots of calls that no run waits for are free. */
  close(): void {
    for (const call of this.#leaving) {
      if (call.state.kind === 'leaving') this.#end(call, call.state);
    }
  }

  /** This replica closes: the call is aborted and will be made again elsewhere, so its slot keeps its name. */
  closeOpen(call: RunCall): void {
    const { state } = call;
    switch (state.kind) {
      case 'leaving':
      case 'over':
        return;
      case 'sent':
        this.#aborted(call, state);
        return abandon(call, state);
      case 'granted':
      case 'cleared':
        return abandon(call, state);
      case 'answered':
        this.#unused(call, state);
        return void call.move(state, 'leave', over);
      default:
        call.move(state, 'leave', over);
    }
  }

  /** No run waits for the answer, and no request is out. */
  unwanted(call: RunCall, tokens?: number): void {
    const { state } = call;
    if (state.kind === 'cleared') abandon(call, state);
    if (call.state.kind === 'leaving') this.#end(call, call.state, tokens);
  }

  get #nowMs(): number {
    return this.#options.clock.nowMs();
  }

  /** The result is in the batch that is being made. */
  #given(call: RunCall, state: StateOf<'answered'>): void {
    this.#options.budgets.reservations.settle(call, state.used ?? 'nothing');
    this.#options.grants.free(state.slot, outcomeOf(state), tokensOf(state));
  }

  /** The call has a result, and no run takes it. */
  #unused(call: RunCall, { attempt, used }: StateOf<'answered'>): void {
    if (attempt === null) return;
    this.#options.attempts.add(call, used === null ? attempt : { ...attempt, usage: used.tokens });
  }

  #aborted(call: RunCall, { slot, sentAtMs }: Pick<StateOf<'sent'>, 'slot' | 'sentAtMs'>): void {
    const times = { sentAtMs, endedAtMs: this.#nowMs };
    const { attempts } = this.#options;
    attempts.add(call, attempts.end(slot, 'aborted', times));
  }

  #end(call: RunCall, state: StateOf<'leaving'>, tokens?: number): void {
    this.#leaving.delete(call);
    const { slot, sent } = state;
    if (sent !== null) this.#aborted(call, { slot, sentAtMs: sent.sentAtMs });
    call.move(state, 'end', over);
    this.#options.grants.free(state.slot, aborted, tokens);
    const next = this.#options.runs.get(call.runId, call);
    if (next === undefined || next.state.kind !== 'behind') return;
    const { durable } = next.state;
    next.move(next.state, 'unblock', proposed(durable));
    // A call that is not durable enters with the commit of its turn.
    if (durable) this.enter(next);
  }
}

/** The slot stays taken until the request has ended; where none was sent, until `unwanted`. */
function abandon(call: RunCall, state: StateOf<'granted' | 'cleared' | 'sent'>): void {
  const { slot } = state;
  if (state.kind !== 'sent') {
    call.move(state, 'leave', { kind: 'leaving', slot, sent: null });
    return;
  }
  const { abort, sentAtMs } = state;
  call.move(state, 'leave', { kind: 'leaving', slot, sent: { sentAtMs, abort } });
  state.cancelLimit();
  abort.abort();
}

/** The tokens that the answer has used, where that is known. */
function tokensOf({ used }: StateOf<'answered'>): number | undefined {
  return used === null ? undefined : totalTokens(used.tokens);
}
