/**
 * One gate as this replica sees it: an actor of the chart `provider`, with what is known of its
 * health. A provider that serves several models has a gate for each, because their limits and outages
 * are independent.
 *
 * It owns the status and its clocks, and holds the slots. quota.ts decides how many calls may be under
 * way, and pool.ts which call is next and what becomes of a call.
 *
 * 1. A 429 starts a cooling and never a stall: it shows that the provider answers (promise 8).
 * 2. A stall follows only from outages without any answer in between, and only of calls that were sent
 *    after the gate last opened. Any call's answer opens the gate again.
 * 3. While the gate is stalled, one call at a time probes the provider, after growing pauses. So an
 *    outage ends by itself (promise 8). Only a person reopens a parked gate, or
 *    has it probed.
 * 4. At most `limit` calls are in flight when one is sent, and limit ≤ share × ceiling (but ≥ 1).
 * 5. No call is sent before the time that a 429 has asked for, whatever the status was then, and
 *    `mayBegin` withholds calls that were on their way. But a person may end the cooling before that
 *    time.
 */
import type { ProviderStatus } from '../../../machines/provider.ts';
import type { CapacitySettings } from '../../domain/capacity-settings.ts';
import { probeMs } from './backoff.ts';
import { initialProviderStatus, nextProviderStatus, type ProviderEvent } from './charts.ts';
import type { Quota, Sent } from './quota.ts';
import { faultIn, Slots, type CallOutcome, type GateFault } from './slots.ts';

export type { CallOutcome, GateFault } from './slots.ts';
export type { Sent } from './quota.ts';

/** What is kept of a gate over a restart, and told to other replicas. */
export type KnownGate = {
  readonly status: ProviderStatus;
  readonly coolUntilMs: number;
  readonly probeAtMs: number;
  readonly failedProbes: number;
  /** Over all replicas; `Infinity` if no replica has learned a limit. */
  readonly limit: number;
  /** The last one; null: none is known. */
  readonly lastFault: GateFault | null;
};

export class Gate<Call extends Sent> {
  /** The gate's name. For the provider's first model it is the provider's name. */
  readonly name: string;
  readonly ceiling: number;
  readonly quota: Quota;
  readonly slots: Slots<Call>;
  readonly #settings: Pick<CapacitySettings, 'probing' | 'releasing'>;
  readonly #random: () => number;
  #status: ProviderStatus = initialProviderStatus;
  #probeAtMs = 0;
  #failedProbes = 0;
  #probe: Call | null = null;
  /** Outages since the last answer. */
  #outages = 0;
  /** The number of the last call that was sent before the gate opened: see invariant 2. */
  #sentAtOpen = 0;
  #calls = 0;
  #rateLimited = 0;
  #lastFault: GateFault | null = null;

  constructor(parts: {
    readonly name: string;
    readonly ceiling: number;
    readonly quota: Quota;
    readonly settings: Pick<CapacitySettings, 'probing' | 'releasing'>;
    readonly random: () => number;
  }) {
    this.name = parts.name;
    this.ceiling = parts.ceiling;
    this.quota = parts.quota;
    this.slots = new Slots(this.ceiling);
    this.#settings = parts.settings;
    this.#random = parts.random;
  }

  get status(): ProviderStatus {
    return this.#status;
  }

  /** Slots that this gate may use at most, after what 429s have taught. */
  get limit(): number {
    return Math.min(this.ceiling, this.quota.limit);
  }

  /** What the provider's last fault said, and when. It is kept when the gate opens again. */
  get lastFault(): GateFault | null {
    return this.#lastFault;
  }

  get counts(): { readonly calls: number; readonly rateLimited: number } {
    return { calls: this.#calls, rateLimited: this.#rateLimited };
  }

  get known(): KnownGate {
    return {
      status: this.#status,
      coolUntilMs: this.quota.coolUntilMs,
      probeAtMs: this.#probeAtMs,
      failedProbes: this.#failedProbes,
      limit: this.quota.wholeLimit,
      lastFault: this.#lastFault,
    };
  }

  /** How many calls may be sent now. */
  free(nowMs: number): number {
    const places = Math.min(this.ceiling - this.slots.calling, this.quota.free(nowMs));
    switch (this.#status) {
      case 'open':
        return Math.max(0, places);
      case 'stalled':
        return nowMs >= this.#probeAtMs && places > 0 ? 1 : 0;
      case 'cooling':
      case 'probing':
      case 'parked':
        return 0;
    }
  }

  /** When calls may be sent again without the return of any call; null if that is not known. */
  dueMs(): number | null {
    switch (this.#status) {
      case 'cooling':
        return this.quota.coolUntilMs;
      case 'open':
        return this.slots.calling < this.ceiling ? this.quota.dueMs() : null;
      case 'stalled': {
        const probeAtMs = Math.max(this.#probeAtMs, this.quota.coolUntilMs);
        return this.quota.free(probeAtMs) > 0 ? probeAtMs : this.quota.dueMs();
      }
      case 'probing':
      case 'parked':
        return null;
    }
  }

  /** Whether `dueMs` matters even if no call waits: at the end of a cooling the slots become idle. */
  get isDueUnwanted(): boolean {
    return this.#status === 'cooling';
  }

  /** Ends a cooling that is over, and takes part in a cooling that another gate of its quota began. */
  tick(nowMs: number): void {
    const isCooling = nowMs < this.quota.coolUntilMs;
    if (this.#status === 'open' && isCooling) this.#move('RATE_LIMITED');
    if (this.#status === 'cooling' && !isCooling) this.#open(nowMs);
    this.quota.tick(nowMs);
  }

  /** Takes a slot for a call; `free` has allowed it. */
  send(call: Call, nowMs: number): number {
    if (this.#status === 'stalled') {
      this.#move('PROBE');
      this.#probe = call;
    }
    this.#calls += 1;
    this.quota.send(call, nowMs);
    return this.slots.take(call);
  }

  /**
   * Whether the request of the call in this slot may still go out: the slot had to be durable first,
   * and a 429 or an outage may have come in the meantime.
   */
  mayBegin(slot: number, nowMs: number): boolean {
    if (nowMs < this.quota.coolUntilMs) return false;
    return this.#status === 'open' || this.#probe === this.slots.heldIn(slot);
  }

  /** The request of the call in this slot goes out. */
  begin(slot: number, nowMs: number): void {
    this.quota.begin(this.slots.heldIn(slot), nowMs);
  }

  /** The call in this slot has ended. Learns from its outcome, and frees the slot. */
  settle(slot: number, outcome: CallOutcome, nowMs: number): Call {
    const call = this.slots.heldIn(slot);
    const wasProbe = this.#probe === call;
    if (wasProbe) this.#probe = null;
    this.#lastFault = faultIn(outcome, nowMs) ?? this.#lastFault;
    switch (outcome.kind) {
      case 'ok':
        this.quota.succeeded(call, nowMs);
        this.#answered(nowMs);
        break;
      case 'caller':
      case 'retry-once':
        this.#answered(nowMs);
        break;
      case 'rate-limited':
        this.#rateLimited += 1;
        this.quota.refused(call, outcome.retryAfterMs, nowMs);
        this.#answered(nowMs);
        break;
      case 'outage':
        this.#unanswered(call, wasProbe, nowMs);
        break;
      case 'refused':
        this.#move('REFUSE');
        break;
      case 'aborted':
      case 'timed-out':
      case 'withheld':
        // The probe has found out nothing, so the next call may probe at once.
        if (wasProbe && this.#status === 'probing') this.#move('OUTAGE');
        break;
    }
    const isWithheld = outcome.kind === 'withheld';
    if (isWithheld) this.#calls -= 1;
    this.slots.leave(slot, this.#slotEvent(outcome), isWithheld);
    this.quota.leave(call);
    if (this.#status === 'open') this.slots.resume();
    return call;
  }

  /** A person has corrected what the provider refused. A cooling goes on, unless it is to end as well. */
  reopen(nowMs: number, { endsCooling }: { readonly endsCooling: boolean }): void {
    if (endsCooling) this.quota.forgetCooling();
    const cools = this.#status === 'cooling' && nowMs < this.quota.coolUntilMs;
    if (this.#status !== 'open' && !cools) this.#open(nowMs);
    this.tick(nowMs);
  }

  /** A person wants a provider that does not answer, or refuses, to be asked now, by one call. */
  probe(nowMs: number): void {
    if (this.#status === 'parked') {
      this.#move('REOPEN');
      this.#move('OUTAGE');
    }
    if (this.#status === 'stalled') this.#probeAtMs = Math.min(this.#probeAtMs, nowMs);
  }

  /**
   * Takes over what was known before a restart, or what another replica has found. If a call is in a
   * slot, or the gate is not open, this replica's own knowledge is newer and stays.
   */
  restore(known: KnownGate, nowMs: number): void {
    if (this.slots.calling > 0 || this.#status !== 'open') return;
    this.quota.restore({ coolUntilMs: known.coolUntilMs, wholeLimit: known.limit }, nowMs);
    this.#failedProbes = known.failedProbes;
    this.#lastFault = known.lastFault;
    this.#probeAtMs = known.probeAtMs;
    // A probe that was under way has been lost with its process, so the next one may go when it is
    // due. A restart may bring the key that was missing, so one probe asks; a refusal parks the gate
    // again.
    const isOut = known.status === 'stalled' || known.status === 'probing';
    if (isOut || known.status === 'parked') this.#move('OUTAGE');
    else this.tick(nowMs);
  }

  #slotEvent(outcome: CallOutcome): 'RELEASE' | 'BACK_OFF' | 'STALL' {
    if (outcome.kind === 'rate-limited') return 'BACK_OFF';
    return outcome.kind === 'outage' && this.#status === 'stalled' ? 'STALL' : 'RELEASE';
  }

  #answered(nowMs: number): void {
    this.#outages = 0;
    if (this.#status === 'parked') return;
    if (nowMs < this.quota.coolUntilMs) this.#cool();
    else if (this.#status === 'stalled' || this.#status === 'probing') this.#open(nowMs);
  }

  #cool(): void {
    this.#move('RATE_LIMITED');
    this.#failedProbes = 0;
    this.#probe = null;
  }

  #unanswered(call: Call, wasProbe: boolean, nowMs: number): void {
    if (this.#status === 'probing') {
      if (!wasProbe) return;
      this.#failedProbes += 1;
    } else {
      if (this.#status === 'stalled' || this.#status === 'parked') return;
      if (call.sentAs <= this.#sentAtOpen) return;
      this.#outages += 1;
      if (this.#outages < this.#settings.probing.outagesToStall) return;
    }
    this.#move('OUTAGE');
    this.#probeAtMs = nowMs + probeMs(this.#settings.probing, this.#failedProbes, this.#random());
  }

  #open(nowMs: number): void {
    const { afterCoolingShare, afterStallShare } = this.#settings.releasing;
    const part = this.#status === 'cooling' ? afterCoolingShare : afterStallShare;
    this.quota.release(part, nowMs);
    this.#move('REOPEN');
    this.#outages = 0;
    this.#failedProbes = 0;
    this.#probe = null;
    this.#sentAtOpen = this.quota.sentLast;
    this.slots.resume();
  }

  #move(event: ProviderEvent): void {
    this.#status = nextProviderStatus(this.#status, event);
  }
}
