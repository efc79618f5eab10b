/**
 * The reservations of calls under their budgets: a call reserves its worst case with its slot, and
 * its end settles the reservation by the real use.
 *
 * Owns the reservation of each call, and settlements until they are part of a batch. The store does
 * the sums, because only the store knows the reservations of other replicas.
 *
 * 1. A call keeps its reservation until it is settled, through every pause between attempts.
 * 2. A settlement that was not committed is sent again; the store takes each settlement once.
 */
import { totalTokens } from '../../../providers/call-tokens.ts';
import type { Provider } from '../../../providers/port.ts';
import { Prices } from '../../../providers/prices.ts';
import {
  isWithin,
  noAmount,
  type Amount,
  type Reservation,
  type Settlement,
} from '../../../store/charges.ts';
import type { NewRun } from '../../../store/rows.ts';
import type { Used } from '../call/call-state.ts';
import type { RunCall } from '../call/run-call.ts';

export type Place = { readonly provider: string; readonly needed: Amount };

export class Reservations {
  readonly #prices: Prices;
  readonly #held = new Map<RunCall, Amount>();
  #settlements: Settlement[] = [];

  constructor(providers: readonly Provider[]) {
    this.#prices = new Prices(providers);
  }

  /** The possible cost of the call at each provider that it may go to. */
  places(call: RunCall): Place[] {
    const tokens = totalTokens(call.estimate);
    const places = this.#prices.everywhere(call.wanted, call.estimate);
    return places.map(({ provider, micros }) => ({ provider, needed: { tokens, micros } }));
  }

  /**
   * The call goes to this provider, in the slot at this index of its batch; null: its reservation is large
   * enough already.
   */
  reserve(
    call: RunCall,
    at: { readonly provider: string; readonly slot: number; readonly repeated: boolean },
  ): Reservation | null {
    const { estimate, tenant, runId, shard, user } = call;
    const micros = this.#prices.at(at.provider, call, estimate);
    const amount = { tokens: totalTokens(estimate), micros };
    const held = this.#held.get(call);
    if (held !== undefined) {
      // A later attempt uses the reservation of the first, unless it goes to a dearer provider.
      if (isWithin(amount, held)) return null;
      this.settle(call, 'nothing');
    }
    this.#held.set(call, amount);
    const before = at.repeated ? 'spent' : 'unused';
    return { tenant, runId, shard, user, call: nameOf(call), amount, slot: at.slot, before };
  }

  /** The store has reserved nothing for the call. */
  refused(call: RunCall): void {
    this.#held.delete(call);
  }

  /** Settles the call's reservation by what was used; `unknown`: perhaps all of the reservation. */
  settle(call: RunCall, used: Used | 'nothing' | 'unknown'): void {
    if (!this.#held.delete(call)) return;
    const { tenant, runId, shard, user } = call;
    const spent =
      used === 'unknown' ? null : used === 'nothing' ? noAmount : this.#cost(call, used);
    this.#settlements.push({ tenant, runId, shard, user, call: nameOf(call), spent });
  }

  /** The run ends with the batch that is being made: none of its calls stays open. */
  settleRun({ tenant, runId, shard, user }: NewRun): void {
    this.#settlements.push({ tenant, runId, shard, user, call: null, spent: null });
  }

  takeSettlements(): readonly Settlement[] {
    const taken = this.#settlements;
    if (taken.length > 0) this.#settlements = [];
    return taken;
  }

  /** The batch of these settlements was not committed. */
  giveBack(settlements: readonly Settlement[]): void {
    this.#settlements.unshift(...settlements);
  }

  #cost(call: RunCall, { provider, model, tokens, earlier = [] }: Used): Amount {
    const micros = this.#prices.answered(provider, call, { model, tokens });
    return earlier
      .map((of) => this.#cost(call, of))
      .reduce((sum, of) => ({ tokens: sum.tokens + of.tokens, micros: sum.micros + of.micros }), {
        tokens: totalTokens(tokens),
        micros,
      });
  }
}

const nameOf = ({ invocationId, incarnation }: RunCall): string => `${invocationId}:${incarnation}`;
