/**
 * How many calls one account may have under way at once: a learned limit, its coolings, and the
 * gradual release of calls after a cooling. Gates that are declared to share a ceiling share one
 * quota.
 *
 * It owns the count of calls in flight over all of its gates. gate.ts decides whether a gate takes
 * calls at all.
 *
 * 1. Before the time that a 429 has asked for, no call may be sent through any gate of the quota.
 * 2. After a cooling, and after a stall, slots are released step by step: all calls at once would meet
 *    the same 429, or overload a provider that has just recovered.
 */
import type { CapacitySettings } from '../../domain/capacity-settings.ts';
import { coolingMs } from './backoff.ts';
import { LearnedLimit } from './learned-limit.ts';

/** What is known of a call that was sent: its number, counted over the quota, and the time. */
export type Sent = {
  sentAs: number;
  /** Null while its request waits for the commit that gives it its slot. */
  sentAtMs: number | null;
};

type QuotaSettings = Pick<CapacitySettings, 'cooling' | 'learning' | 'releasing'>;

export class Quota {
  readonly #settings: QuotaSettings;
  readonly #random: () => number;
  readonly #ceiling: number;
  readonly #learned: LearnedLimit;
  #share: number;
  #calling = 0;
  #sent = 0;
  /** Calls in flight whose requests have not gone out. */
  #held = 0;
  /** Bursts of 429 since the last success. */
  #bursts = 0;
  #coolUntilMs = 0;
  /**
   * Calls that the release allows in flight so far; `Infinity` if only the learned limit bounds them.
   */
  #released = Infinity;
  #releaseAtMs = 0;

  constructor(parts: {
    readonly ceiling: number;
    readonly startsAt: number;
    readonly share: number;
    readonly settings: QuotaSettings;
    readonly random: () => number;
  }) {
    this.#settings = parts.settings;
    this.#random = parts.random;
    this.#ceiling = parts.ceiling;
    this.#share = parts.share;
    const startsAt = allotment(parts.startsAt, parts.share);
    this.#learned = new LearnedLimit(
      allotment(parts.ceiling, parts.share),
      parts.settings.learning,
      startsAt,
    );
  }

  /** The number of the call that was sent last. */
  get sentLast(): number {
    return this.#sent;
  }

  get allotment(): number {
    return this.#learned.allotment;
  }

  get limit(): number {
    return this.#learned.limit;
  }

  get callMs(): number | null {
    return this.#learned.callMs;
  }

  get coolUntilMs(): number {
    return this.#coolUntilMs;
  }

  /** How many calls may be sent now; 0 if the limit has sunk below the calls in flight. */
  free(nowMs: number): number {
    if (nowMs < this.#coolUntilMs) return 0;
    return Math.max(0, Math.min(this.limit, this.#released) - this.#calling);
  }

  /** When `free` grows by time alone, for calls that are waiting; null if it does not. */
  dueMs(): number | null {
    if (this.#calling >= this.#released) return this.#releaseAtMs;
    // The requests of the calls that were sent last must go out before the limit grows.
    if (this.#calling < this.limit || this.#held > 0) return null;
    return this.#learned.growsAtMs();
  }

  tick(nowMs: number): void {
    if (this.#released >= this.limit) this.#released = Infinity;
    else if (nowMs >= this.#releaseAtMs) {
      const { stepMs, stepFactor } = this.#settings.releasing;
      this.#released = Math.ceil(this.#released * stepFactor);
      this.#releaseAtMs = nowMs + stepMs;
    }
    if (this.#held === 0) this.#learned.tick(nowMs);
  }

  /** A slot is given to the call. Its request goes out with `begin`. */
  send(call: Sent, nowMs: number): void {
    this.#sent += 1;
    this.#calling += 1;
    this.#held += 1;
    call.sentAs = this.#sent;
    call.sentAtMs = null;
    this.#learned.sent(this.#calling, nowMs);
  }

  begin(call: Sent, nowMs: number): void {
    if (call.sentAtMs !== null) return;
    call.sentAtMs = nowMs;
    this.#held -= 1;
    this.#learned.begun(nowMs);
  }

  leave(call: Sent): void {
    this.#calling -= 1;
    if (call.sentAtMs === null) this.#held -= 1;
  }

  succeeded(call: Sent, nowMs: number): void {
    this.#bursts = 0;
    const tookMs = Math.max(0, nowMs - (call.sentAtMs ?? nowMs));
    this.#learned.succeeded({ sentAs: call.sentAs, calling: this.#calling, tookMs });
  }

  /** A 429; the call still counts as in flight. */
  refused(call: Sent, retryAfterMs: number | null, nowMs: number): void {
    const seen = { sentAs: call.sentAs, sent: this.#sent, calling: this.#calling };
    const isNewBurst = this.#learned.refused(seen, nowMs);
    if (isNewBurst) this.#bursts += 1;
    if (!isNewBurst && retryAfterMs === null) return;
    const asked = { retryAfterMs, bursts: this.#bursts, random: this.#random() };
    const waitMs = coolingMs(this.#settings.cooling, asked);
    this.#coolUntilMs = Math.max(this.#coolUntilMs, nowMs + waitMs + this.#spreadMs(waitMs));
  }

  /** Begins to release calls: a part of the limit at once, and not fewer than are in flight. */
  release(part: number, nowMs: number): void {
    const { firstMin, stepMs } = this.#settings.releasing;
    const first = Math.max(firstMin, Math.ceil(this.limit * part), this.#calling);
    this.#released = first >= this.limit ? Infinity : first;
    this.#releaseAtMs = nowMs + stepMs;
  }

  /** A person says that the wait which the provider asked for is over. */
  forgetCooling(): void {
    this.#coolUntilMs = 0;
  }

  /** This replica's part of the ceiling has changed. Calls in flight go on. */
  setShare(share: number): void {
    this.#share = share;
    this.#learned.setAllotment(allotment(this.#ceiling, share));
  }

  /** The limit over all replicas, as far as 429s have shown it; else the ceiling. */
  get wholeLimit(): number {
    if (!this.#learned.isLearned) return this.#ceiling;
    return Math.min(this.#ceiling, Math.ceil(this.limit / this.#share));
  }

  /** Takes over what was known before a restart, or what another replica has found. */
  restore(
    known: { readonly coolUntilMs: number; readonly wholeLimit: number },
    nowMs: number,
  ): void {
    this.#coolUntilMs = Math.max(this.#coolUntilMs, known.coolUntilMs);
    if (known.wholeLimit >= this.#ceiling) return;
    this.#learned.restore(allotment(known.wholeLimit, this.#share), nowMs);
  }

  /**
   * A random extra wait, so that replicas which were told the same time do not come back at the same
   * moment.
   */
  #spreadMs(waitMs: number): number {
    if (this.#share >= 1) return 0;
    const overMs = Math.min(waitMs, this.#settings.cooling.spreadMsMax);
    return this.#random() * overMs * (1 - this.#share);
  }
}

/** A part of the ceiling. 1e-9 makes up for what a share such as 1/49 loses as a float. */
function allotment(ceiling: number, share: number): number {
  return Math.min(ceiling, Math.max(1, Math.floor(ceiling * share + 1e-9)));
}
