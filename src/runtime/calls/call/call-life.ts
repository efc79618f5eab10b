/**
 * What each move of a call (`call-table.ts`) does beside the move: to its slot, its budgets, its run's turn,
 * and what of it stays in memory.
 *
 * Owns the calls that nobody waits for and whose requests have not ended. Leaves to `calls.ts` when a call
 * moves for a turn or a batch, and to `call-ends.ts` what its request has brought.
 *
 * 1. A call in a slot keeps it until its result is committed, its request has ended without one, or it is known
 *    that none goes out.
 * 2. What ends a request that nobody waits for any more ends the call, and frees its slot.
 */
import type { Grant, Pool } from '../../../providers/capacity/pool.ts';
import { totalTokens } from '../../../providers/call-tokens.ts';
import type { BudgetRow } from '../../../store/charges.ts';
import type { Clock } from '../../ports.ts';
import type { CallsByRun } from '../calls-by-run.ts';
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
} from './call-state.ts';
import type { RunCall } from './run-call.ts';

export type CallLifeOptions = Pick<CallsOptions, 'budgets' | 'deliver'> & {
  readonly clock: Clock;
  readonly pool: Pool<RunCall>;
  readonly grants: CallGrants;
  readonly runs: CallsByRun;
  readonly resting: RestingCalls;
  /** There is something to commit. */
  readonly wanted: () => void;
};

export class CallLife {
  readonly #options: CallLifeOptions;
  readonly #pool: Pool<RunCall>;
  readonly #leaving = new Set<RunCall>();

  constructor(options: CallLifeOptions) {
    this.#options = options;
    this.#pool = options.pool;
  }

  /** It is asked for: where it is in no line, it stands in one from here on. */
  enter(call: RunCall): void {
    this.#enter(call, null);
  }

  /**
   * Its budgets have room for it again, at these providers, though others may still wait for them. Before its
   * turn has committed it waits for that.
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
    // Its key is in a slot still, with a request that was aborted: `#end` lets it in.
    if (!isIn) return void call.move(state, 'block', behind(state.durable));
    call.move(state, 'enter', queued(state.durable));
    if (state.durable) wanted();
    else runs.markTentative(call);
  }

  /** The turn that asks for it has committed. */
  settle(call: RunCall): void {
    const { state } = call;
    if (isTentative(state)) call.move(state, 'settle', durably(state));
    this.enter(call);
    this.#options.resting.rest(call);
  }

  /** The batch that is being made gives it this slot. */
  granted(grant: Grant<RunCall>): void {
    const state = grant.call.stateFor('grant', 'queued');
    grant.call.move(state, 'grant', { kind: 'granted', durable: state.durable, slot: grant });
  }

  /** The batch of its turn gives it no slot: it waits in no line until that has committed. */
  withdraw(call: RunCall): void {
    const { state } = call;
    if (state.kind !== 'queued' || state.durable) return;
    call.move(state, 'withdraw', proposed(false));
    this.#pool.cancel(call, this.#nowMs);
  }

  /** Its slot is committed. True: `send` it, or find that it has left. */
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

  /** The commit of its slot has found this budget full. */
  refused(call: RunCall, budget: BudgetRow): void {
    const { budgets, resting } = this.#options;
    const { state } = call;
    budgets.reservations.refused(call);
    // It may be leaving already: `unwanted` frees its slot.
    if (state.kind !== 'granted') return;
    budgets.hold(call, state, budget);
    this.#options.grants.free(state.slot, aborted, 0);
    resting.rest(call);
  }

  /** A turn takes its result in the batch that is being made: its slot is free with that. */
  recorded(call: RunCall): void {
    const { state } = call;
    if (state.kind !== 'answered' && state.kind !== 'kept' && state.kind !== 'failed') return;
    this.#options.runs.remove(call);
    call.move(state, 'record', over);
    if (state.kind === 'answered') this.#given(call, state);
  }

  /** Its result is part of a commit of its own: its slot is free with that. */
  kept(call: RunCall): void {
    const { state } = call;
    if (state.kind !== 'answered') return;
    call.move(state, 'keep', kept);
    this.#given(call, state);
  }

  /** Nobody waits for it any more. */
  leave(call: RunCall): void {
    const { runs, resting, budgets } = this.#options;
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
    budgets.reservations.settle(call, 'nothing');
  }

  /** This replica closes: what is under way is aborted, and slots that nobody waits for are free. */
  close(): void {
    for (const call of this.#leaving) {
      if (call.state.kind === 'leaving') this.#end(call, call.state);
    }
  }

  /** The same, of a call that is made again elsewhere: its slot keeps its name. */
  closeOpen(call: RunCall): void {
    const { state } = call;
    switch (state.kind) {
      case 'leaving':
      case 'over':
        return;
      case 'granted':
      case 'cleared':
      case 'sent':
        return abandon(call, state);
      default:
        call.move(state, 'leave', over);
    }
  }

  /** Nobody waits for its answer, and no request is out. */
  unwanted(call: RunCall, tokens?: number): void {
    const { state } = call;
    if (state.kind === 'cleared') abandon(call, state);
    if (call.state.kind === 'leaving') this.#end(call, call.state, tokens);
  }

  get #nowMs(): number {
    return this.#options.clock.nowMs();
  }

  /** Its result is in the batch that is being made. */
  #given(call: RunCall, state: StateOf<'answered'>): void {
    this.#options.budgets.reservations.settle(call, state.used ?? 'nothing');
    this.#options.grants.free(state.slot, outcomeOf(state), tokensOf(state));
  }

  #end(call: RunCall, state: StateOf<'leaving'>, tokens?: number): void {
    this.#leaving.delete(call);
    call.move(state, 'end', over);
    this.#options.grants.free(state.slot, aborted, tokens);
    const next = this.#options.runs.get(call.runId, call);
    if (next === undefined || next.state.kind !== 'behind') return;
    const { durable } = next.state;
    next.move(next.state, 'unblock', proposed(durable));
    // Else its turn lets it in, with its commit.
    if (durable) this.enter(next);
  }
}

/** Its slot is taken until its request has ended; without one, until it is found to be unwanted. */
function abandon(call: RunCall, state: StateOf<'granted' | 'cleared' | 'sent'>): void {
  const { slot } = state;
  if (state.kind !== 'sent') {
    call.move(state, 'leave', { kind: 'leaving', slot, abort: null });
    return;
  }
  const { abort } = state;
  call.move(state, 'leave', { kind: 'leaving', slot, abort });
  state.cancelLimit();
  abort.abort();
}

/** What it has used, where that is known. */
function tokensOf({ used }: StateOf<'answered'>): number | undefined {
  return used === null ? undefined : totalTokens(used.tokens);
}
