/**
 * One provider as this replica sees it: an actor of the chart `provider`, with what is known of
 * its health.
 *
 * It owns the status and its clocks, and holds the slots. It leaves to learned-limit.ts how many may
 * be used, and to pool.ts which call is next and what becomes of a call.
 *
 * 1. A 429 cools and never stalls; it shows that the provider answers (promise 8).
 * 2. Only outages without any answer in between stall, and only of calls that were sent since the
 *    provider last opened. An answer opens it again, whichever call brings it.
 * 3. While it is stalled, one call at a time probes it, after growing pauses; so an outage ends by
 *    itself (promise 8). Only a person reopens a parked one.
 * 4. At most `limit` calls are in flight when one is sent, and limit ≤ share × ceiling (but ≥ 1).
 */
import type { ProviderStatus } from '../../machines/provider.ts';
import { coolingMs, probeMs, type PoolSettings } from './backoff.ts';
import { initialProviderStatus, nextProviderStatus, type ProviderEvent } from './charts.ts';
import { LearnedLimit } from './learned-limit.ts';
import type { ProviderFaultKind } from './port.ts';
import { Slots } from './slots.ts';

/** How a call left its slot. `aborted` says nothing about the provider. */
export type CallOutcome =
  | { readonly kind: 'ok' | 'aborted' }
  | { readonly kind: ProviderFaultKind; readonly retryAfterMs: number | null };

/** What the state needs of a call: when it was sent, counted in calls. */
export type Sent = { sentAs: number };

export class ProviderState<Call extends Sent> {
  readonly name: string;
  readonly ceiling: number;
  readonly slots: Slots<Call>;
  readonly #settings: PoolSettings;
  readonly #random: () => number;
  #status: ProviderStatus = initialProviderStatus;
  readonly #learned: LearnedLimit;
  #coolUntilMs = 0;
  #probeAtMs = 0;
  #failedProbes = 0;
  #probe: Call | null = null;
  /** Outages since the last answer, and bursts of 429 since the last success. */
  #outages = 0;
  #bursts = 0;
  /** Calls are numbered as they are sent: see invariant 2. */
  #sent = 0;
  #sentAtOpen = 0;
  #calls = 0;
  #rateLimited = 0;

  constructor(parts: {
    readonly name: string;
    readonly ceiling: number;
    readonly share: number;
    readonly settings: PoolSettings;
    readonly random: () => number;
  }) {
    this.name = parts.name;
    this.ceiling = Math.max(1, Math.floor(parts.ceiling));
    this.slots = new Slots(this.ceiling);
    this.#settings = parts.settings;
    this.#random = parts.random;
    this.#learned = new LearnedLimit(allotment(this.ceiling, parts.share));
  }

  get status(): ProviderStatus {
    return this.#status;
  }

  /** Slots that this replica may use by its share. */
  get allotment(): number {
    return this.#learned.allotment;
  }

  /** Slots that it uses, after what 429 has taught. */
  get limit(): number {
    return this.#learned.limit;
  }

  get counts(): { readonly calls: number; readonly rateLimited: number } {
    return { calls: this.#calls, rateLimited: this.#rateLimited };
  }

  /** Calls that may be sent now. */
  free(nowMs: number): number {
    const places = this.limit - this.slots.calling;
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

  /** When calls may be sent again without any call's return; null when that is not known. */
  dueMs(): number | null {
    if (this.#status === 'cooling') return this.#coolUntilMs;
    if (this.#status === 'stalled' && this.slots.calling < this.limit) return this.#probeAtMs;
    return null;
  }

  /** Ends a cooling that is over. */
  tick(nowMs: number): void {
    if (this.#status === 'cooling' && nowMs >= this.#coolUntilMs) this.#open();
  }

  /** Takes a slot for a call; `free` has allowed it. */
  send(call: Call): number {
    if (this.#status === 'stalled') {
      this.#move('PROBE');
      this.#probe = call;
    }
    this.#sent += 1;
    this.#calls += 1;
    call.sentAs = this.#sent;
    return this.slots.take(call);
  }

  /** The call in this slot has ended: what that says about the provider, and the slot goes on. */
  settle(slot: number, outcome: CallOutcome, nowMs: number): Call {
    const call = this.slots.heldIn(slot);
    const wasProbe = this.#probe === call;
    if (wasProbe) this.#probe = null;
    switch (outcome.kind) {
      case 'ok':
        this.#bursts = 0;
        this.#learned.succeeded({ sentAs: call.sentAs, calling: this.slots.calling });
        this.#answered();
        break;
      case 'caller':
      case 'retry-once':
        this.#answered();
        break;
      case 'rate-limited':
        this.#limited(call, outcome.retryAfterMs, nowMs);
        break;
      case 'outage':
        this.#unanswered(call, wasProbe, nowMs);
        break;
      case 'refused':
        this.#move('REFUSE');
        break;
      case 'aborted':
        // The probe has found out nothing: the next call may probe at once.
        if (wasProbe && this.#status === 'probing') this.#move('OUTAGE');
        break;
    }
    this.slots.leave(slot, this.#slotEvent(outcome));
    if (this.#status === 'open') this.slots.resume();
    return call;
  }

  /** A person has mended what the provider refused. */
  reopen(): void {
    if (this.#status !== 'open') this.#open();
  }

  /** Another part of the ceiling is this replica's. Calls in flight go on. */
  setShare(share: number): void {
    this.#learned.setAllotment(allotment(this.ceiling, share));
  }

  #slotEvent(outcome: CallOutcome): 'RELEASE' | 'BACK_OFF' | 'STALL' {
    if (outcome.kind === 'rate-limited') return 'BACK_OFF';
    return outcome.kind === 'outage' && this.#status === 'stalled' ? 'STALL' : 'RELEASE';
  }

  #answered(): void {
    this.#outages = 0;
    if (this.#status === 'stalled' || this.#status === 'probing') this.#open();
  }

  #limited(call: Call, retryAfterMs: number | null, nowMs: number): void {
    this.#rateLimited += 1;
    this.#outages = 0;
    const sent = { sentAs: call.sentAs, sent: this.#sent, calling: this.slots.calling };
    const isNewBurst = this.#learned.refused(sent);
    if (isNewBurst) this.#bursts += 1;
    if (this.#status === 'parked') return;
    if (isNewBurst || retryAfterMs !== null) {
      const asked = { retryAfterMs, bursts: this.#bursts, random: this.#random() };
      const until = nowMs + coolingMs(this.#settings, asked);
      this.#coolUntilMs = Math.max(this.#coolUntilMs, until);
    }
    if (nowMs < this.#coolUntilMs) this.#move('RATE_LIMITED');
    else this.#answered();
  }

  #unanswered(call: Call, wasProbe: boolean, nowMs: number): void {
    if (this.#status === 'probing') {
      if (!wasProbe) return;
      this.#failedProbes += 1;
    } else {
      if (this.#status === 'stalled' || this.#status === 'parked') return;
      if (call.sentAs <= this.#sentAtOpen) return;
      this.#outages += 1;
      if (this.#outages < this.#settings.outagesToStall) return;
    }
    this.#move('OUTAGE');
    this.#probeAtMs = nowMs + probeMs(this.#settings, this.#failedProbes, this.#random());
  }

  #open(): void {
    this.#move('REOPEN');
    this.#outages = 0;
    this.#failedProbes = 0;
    this.#probe = null;
    this.#sentAtOpen = this.#sent;
    this.slots.resume();
  }

  #move(event: ProviderEvent): void {
    this.#status = nextProviderStatus(this.#status, event);
  }
}

/** Part of the ceiling; 1e-9 takes back what a share such as 1/49 loses as a float. */
function allotment(ceiling: number, share: number): number {
  return Math.min(ceiling, Math.max(1, Math.floor(ceiling * share + 1e-9)));
}
