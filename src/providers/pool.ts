/**
 * Capacity and routing: which call goes next into which provider's slot, and what becomes of a call
 * whose attempt has ended. In memory and pure: time is an argument, and nothing here waits.
 *
 * It owns every call from `enqueue` until `release` or `cancel` lets go of it. It leaves the calling
 * itself, the rows and the timer to the runtime; a provider's health to provider-state.ts; the
 * order to routes.ts and fair-queue.ts.
 *
 * 1. A call that is let in is queued, backing off or in one slot, and in exactly one of the three,
 *    until it is done, failed by its own fault, or dropped by a cancel. Nothing else ends a call:
 *    an outage, a 429 and a refusal bring it back (promise 8).
 * 2. After `grant` no slot is free at a provider that takes calls beside a call that it may take, but
 *    for what its `max` leaves out.
 * 3. A 429, a refusal and a request that was withheld give the call its place and its attempt back;
 *    an outage costs an attempt, and so does one that has taken longer than its author allows.
 * 4. A `retry-once` costs an attempt and comes back one single time. Both times the provider has
 *    answered, so one call's conflict never stalls it for the others.
 */
import { callBackoffMs, defaultPoolSettings, type PoolSettings } from './backoff.ts';
import { DemandMeter } from './demand-meter.ts';
import { IndexedHeap } from './indexed-heap.ts';
import type {
  Cancelled,
  Grant,
  PoolCall,
  PoolSlotChange,
  Released,
  WaitChange,
  WaitingCall,
} from './pool-call.ts';
import { type Entry, newEntry, reasonOf } from './pool-entry.ts';
import { GateNews, type GateChange } from './gate-news.ts';
import { Gates, type ProviderSpec } from './gates.ts';
import { type PoolStats, providerStats } from './pool-stats.ts';
import type { ProviderFaultKind } from './port.ts';
import type { CallOutcome, KnownGate } from './provider-state.ts';
import { Routes } from './routes.ts';
import { shownAs, WaitNews } from './wait-reason.ts';

export type * from './pool-call.ts';

export type PoolOptions = {
  readonly providers: readonly ProviderSpec[];
  /** The part of each ceiling that this replica may use; one slot at least. */
  readonly share: number;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  readonly settings?: Partial<PoolSettings>;
};

export class Pool<Call extends PoolCall> {
  readonly #settings: PoolSettings;
  readonly #random: () => number;
  readonly #routes: Routes<Entry<Call>>;
  readonly #entries = new Map<string, Entry<Call>>();
  readonly #backoffs = new IndexedHeap<Entry<Call>>((a, b) =>
    a.dueMs === b.dueMs ? a.place.order < b.place.order : a.dueMs < b.dueMs,
  );
  readonly #news = new WaitNews<Entry<Call>>((entry) => shownAs(reasonOf(entry)));
  readonly #meter = new DemandMeter();
  readonly #gateNews: GateNews<Entry<Call>>;
  #arrivals = 0;

  constructor(options: PoolOptions) {
    const { share, random } = options;
    this.#settings = { ...defaultPoolSettings, ...options.settings };
    this.#random = random;
    const shared = { share, random, settings: this.#settings };
    this.#routes = new Routes(new Gates<Entry<Call>>(options.providers, shared));
    this.#gateNews = new GateNews(this.#routes.states);
  }

  /** Lets a call in; false when its key is inside already. Throws when no gate is for it. */
  enqueue(call: Call, nowMs: number): boolean {
    if (this.#entries.has(call.key)) return false;
    const route = this.#routes.enter(call);
    this.#measure(nowMs);
    const entry = newEntry(call, route, (this.#arrivals += 1));
    this.#entries.set(entry.key, entry);
    route.queue.push(entry.key, entry, entry.place);
    this.#news.check(entry);
    return true;
  }

  /** Fills free slots with waiting calls, in their order; the caller then makes these calls. */
  grant(nowMs: number, max = Infinity): Grant<Call>[] {
    this.#tick(nowMs);
    const grants: Grant<Call>[] = [];
    while (grants.length < max) {
      const next = this.#routes.next(nowMs);
      if (next === null) break;
      const { state, item: entry } = next;
      const { status } = state;
      entry.slot = state.send(entry, nowMs);
      entry.sentTo = state;
      if (state.status !== status) this.#look();
      this.#news.check(entry);
      const { call, slot, attempt } = entry;
      grants.push({ call, provider: state.name, slot, attempt });
    }
    return grants;
  }

  /** False: release the call as `withheld`, and it has its place again. */
  mayBegin({ provider, slot }: Pick<Grant<Call>, 'provider' | 'slot'>, nowMs: number): boolean {
    return this.#routes.state(provider).mayBegin(slot, nowMs);
  }

  /** The request of a grant goes out: until then nothing is learned from its provider's silence. */
  begin({ provider, slot }: Pick<Grant<Call>, 'provider' | 'slot'>, nowMs: number): void {
    this.#routes.state(provider).begin(slot, nowMs);
  }

  /**
   * Whether `release` will bring this call back by itself. If not, its fault is its result, which
   * must be recorded before its slot is given on.
   */
  bringsBack(key: string, kind: ProviderFaultKind): boolean {
    if (kind === 'caller') return false;
    return kind !== 'retry-once' || this.#entries.get(key)?.retried !== true;
  }

  /**
   * The call in this slot has ended. A `ProviderFault` can be handed in as it is. Without `tokens`
   * an answer has cost what was estimated, and so has a call that was aborted; a fault has not.
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
    const entry = state.settle(slot, outcome, nowMs);
    entry.sentTo = null;
    if (state.status !== status) this.#look();
    const fate = this.#dispose(entry, outcome, nowMs);
    const isUsed = ['ok', 'aborted', 'timed-out'].includes(outcome.kind);
    const { place, route } = entry;
    // A call that is queued again has its charge back already.
    if (fate !== 'requeued') route.queue.settle(place, tokens ?? (isUsed ? place.cost : 0));
    if (this.#entries.has(entry.key)) this.#news.check(entry);
    return { call: entry.call, fate, attempt: entry.attempt };
  }

  /** A queued or backing-off call is gone at once; see `Cancelled` for one in a slot. */
  cancel(key: string, nowMs: number): Cancelled {
    const entry = this.#entries.get(key);
    if (entry === undefined) return { kind: 'unknown' };
    if (entry.sentTo !== null) {
      entry.cancelled = true;
      return { kind: 'in-slot', provider: entry.sentTo.name, slot: entry.slot };
    }
    this.#measure(nowMs);
    if (entry.heapIndex >= 0) this.#backoffs.remove(entry);
    else entry.route.queue.remove(key);
    this.#forget(entry);
    return { kind: 'removed' };
  }

  /** True while it is in no slot: nothing is being bought for it. */
  isWaiting(key: string): boolean {
    return this.#entries.get(key)?.sentTo === null;
  }

  /** The key of the call in this slot; null when there is none. */
  keyIn(provider: string, slot: number): string | null {
    return this.#routes.state(provider).slots.peek(slot)?.key ?? null;
  }

  /** Which gates there are, whose they are, and which share a ceiling. */
  get gates(): Gates<Entry<Call>> {
    return this.#routes.gates;
  }

  /** A person has mended what this provider refused; also ends a cooling or a stall. */
  reopen(provider: string, nowMs: number): void {
    this.#measure(nowMs);
    for (const state of this.gates.named(provider)) state.reopen(nowMs);
    this.#look();
  }

  /** The number of live replicas has changed. Shrinking interrupts no call. */
  setShare(share: number, nowMs: number): void {
    this.#measure(nowMs);
    this.gates.setShare(share);
  }

  /**
   * When `grant` can do something that no `enqueue` or `release` brings about: a cooling or a
   * backoff ends, a probe is due. In the past when that is now; null when there is no such time.
   */
  nextDueMs(): number | null {
    const routeDueMs = this.#routes.dueMs();
    const backoffDueMs = this.#backoffs.first()?.dueMs ?? null;
    if (routeDueMs === null || backoffDueMs === null) return routeDueMs ?? backoffDueMs;
    return Math.min(routeDueMs, backoffDueMs);
  }

  /** Every call that is not in a slot, and why. */
  *waiting(): Generator<WaitingCall<Call>, void, undefined> {
    for (const entry of this.#entries.values()) {
      const reason = reasonOf(entry);
      if (reason === null) continue;
      const dueMs = reason === 'backoff' ? entry.dueMs : null;
      yield { call: entry.call, reason, attempt: entry.attempt, dueMs };
    }
  }

  /** True when `takeWaitChanges` has something. */
  get hasWaitChanges(): boolean {
    return this.#news.size > 0;
  }

  /** What runs show of their calls, where it differs from what was taken before: a batch of it. */
  takeWaitChanges(max = 1_000): WaitChange<Call>[] {
    return this.#news.take(max).map(({ call, told }) => ({ call, shown: told }));
  }

  /** Slots that differ from what was taken before: at most one change per slot. */
  takeSlotChanges(): PoolSlotChange<Call>[] {
    return this.#routes.states.flatMap(({ name: provider, slots }) =>
      slots.takeChanges(({ held, slot, status, calls, rateLimited }) => {
        // Spelt out: spreading the rest costs 3 µs a call.
        const call = held?.call ?? null;
        return { provider, slot, status, call, attempt: held?.attempt ?? 0, calls, rateLimited };
      }),
    );
  }

  /** The batch that held these was not committed: the next one holds them, as they are by then. */
  giveBack(taken: {
    readonly slots: readonly Pick<
      PoolSlotChange<Call>,
      'provider' | 'slot' | 'calls' | 'rateLimited'
    >[];
    readonly gates: readonly { readonly gate: string }[];
  }): void {
    for (const { provider, slot, ...counts } of taken.slots) {
      this.gates.find(provider)?.slots.giveBack(slot, counts);
    }
    for (const { gate } of taken.gates) this.#gateNews.giveBack(gate);
  }

  /** What was known of gates before a restart, or was found by other replicas. */
  restoreGates(known: ReadonlyMap<string, KnownGate>, nowMs: number): void {
    for (const [gate, what] of known) this.gates.find(gate)?.restore(what, nowMs);
    this.#gateNews.begin();
    this.#look();
  }

  /** Gates of which something is known that was not taken before; none before `restoreGates`. */
  takeGateChanges(nowMs: number): GateChange[] {
    return this.#gateNews.take(nowMs);
  }

  /** Calls in slots. */
  get inFlight(): number {
    let calling = 0;
    for (const { slots } of this.#routes.states) calling += slots.calling;
    return calling;
  }

  /** True when `grant` would give a slot: it was bounded by its `max`. */
  couldGrant(nowMs: number): boolean {
    return this.#routes.hasNext(nowMs);
  }

  /** A call waits for a slot. */
  get hasQueued(): boolean {
    return this.#routes.size > 0;
  }

  /** More calls wait than are under way: whatever ends, there is one to follow it. */
  get hasBacklog(): boolean {
    return this.#routes.size > this.inFlight;
  }

  stats(nowMs: number): PoolStats {
    this.#measure(nowMs);
    return {
      providers: this.#routes.states.map((state) => providerStats(this.#routes, state, nowMs)),
      inFlight: this.inFlight,
      queued: this.#routes.size,
      backoff: this.#backoffs.size,
      slotMs: this.#meter.slotMs,
    };
  }

  #dispose(entry: Entry<Call>, outcome: CallOutcome, nowMs: number): Released<Call>['fate'] {
    const { kind } = outcome;
    const isOver =
      kind === 'ok' ||
      kind === 'aborted' ||
      (kind !== 'withheld' && kind !== 'timed-out' && !this.bringsBack(entry.key, kind));
    if (entry.cancelled || isOver) {
      this.#forget(entry);
      if (entry.cancelled || kind === 'aborted') return 'dropped';
      return kind === 'ok' ? 'done' : 'failed';
    }
    if (kind === 'outage' || kind === 'timed-out' || kind === 'retry-once') {
      if (kind === 'retry-once') entry.retried = true;
      const waitMs = callBackoffMs(this.#settings, entry.attempt, this.#random());
      entry.attempt += 1;
      entry.dueMs = nowMs + waitMs;
      this.#backoffs.push(entry);
      return 'backoff';
    }
    entry.route.queue.putBack(entry.key, entry, entry.place);
    return 'requeued';
  }

  #forget(entry: Entry<Call>): void {
    this.#entries.delete(entry.key);
    this.#routes.leave(entry.route);
    this.#news.drop(entry);
  }

  /** What time alone brings about. */
  #tick(nowMs: number): void {
    this.#measure(nowMs);
    for (const state of this.#routes.states) {
      const { status } = state;
      state.tick(nowMs);
      if (state.status !== status) this.#look();
    }
    for (;;) {
      const entry = this.#backoffs.first();
      if (entry === undefined || entry.dueMs > nowMs) return;
      this.#backoffs.remove(entry);
      entry.route.queue.push(entry.key, entry, entry.place);
      this.#news.check(entry);
    }
  }

  /** A provider's status has changed: calls may wait for another reason. */
  #look(): void {
    for (const entry of this.#routes.changed()) this.#news.check(entry);
  }

  #measure(nowMs: number): void {
    if (this.#meter.isAt(nowMs)) return;
    const slots = this.#routes.gates.allotment;
    const inUse = this.inFlight;
    this.#meter.advance(nowMs, { waiting: this.#routes.size, inUse, slots });
  }
}

export function createPool<Call extends PoolCall>(options: PoolOptions): Pool<Call> {
  return new Pool(options);
}
