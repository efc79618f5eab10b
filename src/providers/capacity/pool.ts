/**
 * Capacity and routing: which call goes next into which gate's slot, and what becomes of a call whose
 * attempt has ended. It works in memory and is pure: time is an argument, and nothing here waits.
 *
 * It owns every call from `enqueue` until `release` or `cancel` lets go of it. The runtime sends the
 * requests, writes the rows and sets the timer. gate.ts judges a provider's health; routes.ts and
 * src/queue/fair-line.ts decide the order.
 *
 * 1. A call that is let in is queued, backing off or in one slot, and in exactly one of the three,
 *    until it is done, failed by its own fault, or dropped by a cancel. Nothing else ends a call: an
 *    outage, a 429 and a refusal bring it back (promise 8).
 * 2. After `grant` no slot is free at a gate that takes calls while a call waits that it may take,
 *    except for the calls beyond `max`.
 * 3. A 429, a refusal and a withheld request give the call its place and its attempt back. An outage
 *    costs an attempt, and so does an attempt that has taken longer than its author allows.
 * 4. A `retry-once` costs an attempt and brings the call back only once. Both times the provider has
 *    answered, so the conflict of one call never stalls the provider for other calls.
 */
import { capacityDefaults, type CapacitySettings } from '../../domain/capacity-settings.ts';
import { Backoffs } from './backoff.ts';
import { DemandMeter } from './demand-meter.ts';
import {
  boundTo,
  fateOf,
  type Cancelled,
  type Grant,
  type Held,
  type PoolCall,
  type Released,
} from './pool-call.ts';
import { Gates, type ProviderSpec } from './gates.ts';
import { PoolNews, routeOf } from './pool-news.ts';
import { type PoolStats, poolStats } from './pool-stats.ts';
import type { ProviderFaultKind } from '../port.ts';
import type { GateOrder } from '../../domain/calls/gate-order.ts';
import type { CallOutcome, Gate } from './gate.ts';
import { Routes } from './routes.ts';

export type * from './pool-call.ts';
export { PoolCall } from './pool-call.ts';

/** Faults after which a call may come back by itself. */
export type BroughtBack = Exclude<ProviderFaultKind, 'caller'>;

export type PoolOptions = {
  readonly providers: readonly ProviderSpec[];
  /** The part of each ceiling that this replica may use; one slot at least. */
  readonly share: number;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  readonly settings?: CapacitySettings;
};

export class Pool<Call extends PoolCall> {
  readonly #routes: Routes<Call>;
  readonly #backoffs: Backoffs<Call>;
  /** Reports changes to runs and to the database. */
  readonly news: PoolNews<Call>;
  readonly #meter = new DemandMeter();
  /** Keys of calls that were cancelled in their slots and are still there. */
  readonly #leaving = new Set<string>();
  #arrivals = 0;

  constructor(options: PoolOptions) {
    const { share, random, settings = capacityDefaults } = options;
    const gates = new Gates<Held<Call>>(options.providers, { share, random, settings });
    this.#routes = new Routes(gates, settings.fairness);
    this.news = new PoolNews(this.#routes, settings.telling);
    this.#backoffs = new Backoffs(settings.backoff, random);
  }

  /**
   * Lets a call in. Returns false if it is inside already, or if another call of its key has not left
   * its slot yet. Throws if no gate serves it. `within`: it may go only to these providers, in this
   * order.
   */
  enqueue(call: Call, nowMs: number, within?: readonly string[]): boolean {
    if (call.route !== null || (this.#leaving.size > 0 && this.#leaving.has(call.key)))
      return false;
    const route = this.#routes.enter(within === undefined ? call : boundTo(call, within));
    this.#measure(nowMs);
    call.route = route;
    call.enteredAtMs = nowMs;
    call.order = this.#arrivals += 1;
    call.attempt = 1;
    call.retried = false;
    call.cancelled = false;
    call.told = 'calling';
    route.queue.push(call);
    this.news.check(call);
    return true;
  }

  /** Fills free slots with waiting calls, in their order. The caller then makes these calls. */
  grant(nowMs: number, max = Infinity): Grant<Call>[] {
    this.#tick(nowMs);
    const grants: Grant<Call>[] = [];
    while (grants.length < max) {
      const next = this.#routes.next(nowMs);
      if (next === null) break;
      const { state, item: call } = next;
      const { status } = state;
      const held: Held<Call> = { call, key: call.key, state, slot: -1, sentAs: 0, sentAtMs: null };
      held.slot = state.send(held, nowMs);
      call.held = held;
      if (state.status !== status) this.news.checkAll();
      this.news.check(call);
      grants.push({ call, provider: state.name, slot: held.slot, attempt: call.attempt });
    }
    return grants;
  }

  /** If false, release the call as `withheld`: it gets its place back. */
  mayBegin({ provider, slot }: Pick<Grant<Call>, 'provider' | 'slot'>, nowMs: number): boolean {
    return this.#routes.state(provider).mayBegin(slot, nowMs);
  }

  /**
   * The request of a grant goes out. Before that, the absence of refusals says nothing about the
   * provider.
   */
  begin({ provider, slot }: Pick<Grant<Call>, 'provider' | 'slot'>, nowMs: number): void {
    this.#routes.state(provider).begin(slot, nowMs);
  }

  /**
   * Whether `release` will bring this call back by itself. If not, its fault is its result, which must
   * be recorded before its slot is used again.
   */
  bringsBack(call: Call, kind: ProviderFaultKind): kind is BroughtBack {
    if (kind === 'caller') return false;
    return kind !== 'retry-once' || !call.retried;
  }

  /**
   * The call in this slot has ended. A `ProviderFault` can be passed as it is. Without `tokens` an
   * answer costs what was estimated, and so do an aborted call and one that timed out; a fault costs
   * nothing.
   */
  release(
    provider: string,
    slot: number,
    outcome: CallOutcome,
    nowMs: number,
    tokens?: number,
  ): Released<Call> {
    this.#measure(nowMs);
    const state = this.#routes.state(provider);
    const { status } = state;
    const { call } = state.settle(slot, outcome, nowMs);
    call.held = null;
    call.lastAt = state.name;
    if (state.status !== status) this.news.checkAll();
    const route = routeOf(call);
    const fate = fateOf(call, outcome);
    if (fate === 'requeued') route.queue.putBack(call);
    else if (fate === 'backoff') {
      if (outcome.kind === 'retry-once') call.retried = true;
      this.#backoffs.add(call, nowMs);
    } else this.#forget(call);
    const isUsed = ['ok', 'aborted', 'timed-out'].includes(outcome.kind);
    // A call that is queued again has its charge back already.
    if (fate !== 'requeued') route.queue.settle(call, tokens ?? (isUsed ? call.cost : 0));
    if (call.route !== null) this.news.check(call);
    return { call, fate, attempt: call.attempt };
  }

  /** Removes a queued or backing-off call at once. For a call in a slot see `Cancelled`. */
  cancel(call: Call, nowMs: number): Cancelled {
    if (call.route === null) return { kind: 'unknown' };
    const { held } = call;
    if (held !== null) {
      call.cancelled = true;
      this.#leaving.add(call.key);
      return { kind: 'in-slot', provider: held.state.name, slot: held.slot };
    }
    this.#measure(nowMs);
    if (call.dueMs === null) routeOf(call).queue.remove(call);
    else this.#backoffs.remove(call);
    this.#forget(call);
    return { kind: 'removed' };
  }

  /** True while the call is inside and in no slot: then no request is made for it. */
  isWaiting(call: Call): boolean {
    return call.route !== null && call.held === null;
  }

  /** The gates that may take this call, which must be inside. */
  gatesOf(call: Call): readonly Gate<Held<Call>>[] {
    return routeOf(call).providers;
  }

  /** The key of the call in this slot; null if there is none. */
  keyIn(provider: string, slot: number): string | null {
    return this.#routes.state(provider).slots.peek(slot)?.key ?? null;
  }

  /** The gates, the providers that they belong to, and which of them share a ceiling. */
  get gates(): Gates<Held<Call>> {
    return this.#routes.gates;
  }

  /** A person has given an order for this provider's gates, or for the one gate of this name. */
  order(provider: string, { kind, endsCooling }: GateOrder, nowMs: number): void {
    this.#measure(nowMs);
    for (const state of this.gates.named(provider)) {
      if (kind === 'reopen') state.reopen(nowMs, { endsCooling });
      else state.probe(nowMs);
      // The order has changed the row: what this replica knows is written again.
      this.news.giveBack({ slots: [], gates: [{ gate: state.name }] });
    }
    this.news.checkAll();
  }

  /** How many calls stand in line, by gate; gates without a line are left out. */
  get lines(): Readonly<Record<string, number>> {
    return this.#routes.lines;
  }

  /** The number of live replicas has changed. Shrinking interrupts no call. */
  setShare(share: number, nowMs: number): void {
    this.#measure(nowMs);
    this.gates.setShare(share);
  }

  /**
   * When `grant` can do something that no `enqueue` or `release` brings about: a cooling or a backoff
   * ends, or a probe is due. A time in the past means now; null means that there is no such time.
   */
  nextDueMs(): number | null {
    const routeDueMs = this.#routes.dueMs();
    const backoffDueMs = this.#backoffs.dueMs();
    if (routeDueMs === null || backoffDueMs === null) return routeDueMs ?? backoffDueMs;
    return Math.min(routeDueMs, backoffDueMs);
  }

  /** How many calls are in slots. */
  get inFlight(): number {
    let calling = 0;
    for (const { slots } of this.#routes.states) calling += slots.calling;
    return calling;
  }

  /** True if `grant` would give one more slot: its `max` was the bound. */
  couldGrant(nowMs: number): boolean {
    return this.#routes.hasNext(nowMs);
  }

  /** True if a call waits for a slot. */
  get hasQueued(): boolean {
    return this.#routes.size > 0;
  }

  /** True if more calls wait than are under way: for each call that ends, another one can follow. */
  get hasBacklog(): boolean {
    return this.#routes.size > this.inFlight;
  }

  stats(nowMs: number): PoolStats {
    this.#measure(nowMs);
    const { inFlight } = this;
    const of = { inFlight, backoff: this.#backoffs.size, slotMs: this.#meter.slotMs };
    return poolStats(this.#routes, of, nowMs);
  }

  #forget(call: Call): void {
    this.#routes.leave(routeOf(call));
    call.route = null;
    this.news.drop(call);
    if (call.cancelled) this.#leaving.delete(call.key);
  }

  /** Does what time alone brings about. */
  #tick(nowMs: number): void {
    this.#measure(nowMs);
    for (const state of this.#routes.states) {
      const { status } = state;
      state.tick(nowMs);
      if (state.status !== status) this.news.checkAll();
    }
    for (;;) {
      const call = this.#backoffs.takeDue(nowMs);
      if (call === undefined) return;
      routeOf(call).queue.push(call);
      this.news.check(call);
    }
  }

  #measure(nowMs: number): void {
    if (this.#meter.isAt(nowMs)) return;
    const slots = this.#routes.gates.allotment;
    const inUse = this.inFlight;
    this.#meter.advance(nowMs, { waiting: this.#routes.size, inUse, slots });
  }
}
