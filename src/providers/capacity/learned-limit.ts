/**
 * How many calls a provider really takes at once: heddle learns the ceiling and does not trust the
 * declared one.
 *
 * It owns the limit and what led to it. It leaves coolings to quota.ts, and the slots to gate.ts.
 *
 * 1. 1 ≤ limit ≤ allotment. Without a 429 the limit never sinks.
 * 2. A burst of 429s cuts the limit once: to the number that the provider took at once, and not below
 *    half. Calls that were sent before the burst began belong to it.
 * 3. A cut is a trial. It is proved by as many successes as the limit has slots, without a 429 in
 *    between. A burst before that takes the cut back, because fewer calls have not helped: that
 *    provider counts something else, and its coolings must be enough. Without this rule, a 429 on a
 *    tenth of the calls at random would shrink any limit to a handful. A burst that refuses far more
 *    than a quarter of the calls in flight is no accident: its cut is never taken back, and it cuts
 *    whatever was tried before.
 * 4. The limit grows by time, and only while its slots are full. A refused call answers at once and a
 *    good one takes a second, so the absence of refusals tells soon what completions would tell late.
 *    Until a 429 the limit ramps by a share of itself. After one it holds, then tries one slot more. A
 *    refused try doubles the next hold, because each refusal costs a cooling. After a try that stands,
 *    the limit ramps again from there.
 */
import type { CapacitySettings } from '../../domain/capacity-settings.ts';
import { SentBatches } from './sent-batches.ts';

/** Ramping from `from`, holding what was learned, or trying one slot more than that. */
type Phase =
  { readonly kind: 'ramping'; readonly from: number } | { readonly kind: 'holding' | 'trying' };

export class LearnedLimit {
  readonly #settings: CapacitySettings['learning'];
  #allotment: number;
  #limit: number;
  #phase: Phase;
  /** Whether the slots have been full since the last step. */
  #wasFull = false;
  /** How many slots the last step has added. The first step is the initial limit. */
  #stepCalls: number;
  /**
   * How late the last step was. Refusals that have arrived are seen as late as that, so the next step
   * waits twice this time longer.
   */
  #lateMs = 0;
  /** When the limit grows, if its slots have been full by then. */
  #stepAtMs = -Infinity;
  /** How long a call takes, smoothed. */
  #callMs: number;
  /** The same without the guess that `callMs` begins with: for what people are told. */
  #tookMs: number | null = null;
  /** A hold lasts for the time of this many calls. */
  #holds: number;
  /** The state to which an unproven cut would be taken back. */
  #beforeTrial: { readonly limit: number; readonly phase: Phase; isDeep: boolean } | null = null;
  /** The least limit that this burst's cut may leave; null if this burst does not cut. */
  #burstFloor: number | null = null;
  /** Calls that were in flight when the burst began, and how many calls the burst has refused. */
  #burstCalling = 0;
  #burstRefused = 0;
  readonly #batches: SentBatches;
  /** The number of the last call that was sent before the burst began. */
  #burstEnd = 0;
  #successes = 0;
  #burstsToIgnore = 0;
  #burstsToIgnoreNext: number;

  /** `startsAt`: the first limit, for an allotment that is an untested bound. */
  constructor(allotment: number, settings: CapacitySettings['learning'], startsAt = allotment) {
    this.#settings = settings;
    this.#callMs = settings.callMsFirst;
    this.#holds = settings.holdCallsMin;
    this.#burstsToIgnoreNext = settings.burstsToIgnoreMin;
    this.#batches = new SentBatches(settings.sentBatchesMax);
    this.#allotment = allotment;
    this.#limit = Math.min(allotment, Math.max(1, Math.floor(startsAt)));
    this.#stepCalls = this.#limit;
    this.#phase = { kind: 'ramping', from: 0 };
  }

  get limit(): number {
    return this.#limit;
  }

  /** False until a 429 has come: until then the limit is only where heddle began. */
  get isLearned(): boolean {
    return this.#phase.kind !== 'ramping' || this.#phase.from > 0;
  }

  /** How long calls have taken, smoothed; null until one has been answered. */
  get callMs(): number | null {
    return this.#tookMs;
  }

  get allotment(): number {
    return this.#allotment;
  }

  /** This replica's part of the ceiling has changed: the learned limit is scaled with it. */
  setAllotment(allotment: number): void {
    if (allotment === this.#allotment) return;
    const scaled = Math.round((this.#limit / this.#allotment) * allotment);
    this.#allotment = allotment;
    this.#limit = Math.min(allotment, Math.max(1, scaled));
    this.#beforeTrial = null;
    this.#burstFloor = null;
  }

  /** Takes over a limit that was known before a restart, or by another replica. */
  restore(limit: number, nowMs: number): void {
    this.#limit = Math.min(this.#allotment, Math.max(1, Math.floor(limit)));
    this.#beforeTrial = null;
    this.#hold(nowMs);
  }

  /** A call was sent, the `calling`th in flight. */
  sent(calling: number, nowMs: number): void {
    this.#batches.sent(calling, nowMs);
    if (calling < this.#limit || this.#wasFull) return;
    this.#wasFull = true;
    this.#beginStep(nowMs);
  }

  /** A request has gone out. Only now the provider sees that many calls, so the step begins anew. */
  begun(nowMs: number): void {
    if (this.#wasFull) this.#beginStep(nowMs);
  }

  /** A ramp's step begins when its slots are full. */
  #beginStep(nowMs: number): void {
    const { rampStepMsPerCall, rampStepMsMin } = this.#settings;
    const stepMs = Math.max(rampStepMsMin, this.#stepCalls * rampStepMsPerCall);
    if (this.#phase.kind === 'ramping') this.#stepAtMs = nowMs + stepMs + 2 * this.#lateMs;
  }

  /** When the limit grows by time alone; null if it does not. */
  growsAtMs(): number | null {
    return this.#wasFull && this.#limit < this.#allotment ? this.#stepAtMs : null;
  }

  /** Grows when the time has come, by one step however late it is. */
  tick(nowMs: number): void {
    const atMs = this.growsAtMs();
    if (atMs === null || nowMs < atMs) return;
    this.#wasFull = false;
    this.#lateMs = Math.min(nowMs - atMs, this.#settings.lateMsMax);
    const phase = this.#phase;
    switch (phase.kind) {
      case 'ramping': {
        const step = Math.floor((this.#limit - phase.from) * this.#settings.rampStepShare);
        this.#stepCalls = Math.max(1, step);
        this.#limit = Math.min(this.#allotment, this.#limit + this.#stepCalls);
        return;
      }
      case 'holding':
        this.#stepCalls = 1;
        this.#limit += 1;
        this.#phase = { kind: 'trying' };
        this.#stepAtMs = nowMs + this.#callMs;
        return;
      case 'trying':
        this.#holds = Math.max(this.#settings.holdCallsMin, this.#holds / 2);
        this.#phase = { kind: 'ramping', from: this.#limit - 1 };
        this.#limit += 1;
        return;
    }
  }

  /**
   * A success of the call that was sent as the `sentAs`th and took `tookMs`, with `calling` calls in
   * flight (this one among them). A success with many idle slots proves nothing, and neither does that
   * of a call from before the last burst.
   */
  succeeded({ sentAs, calling, tookMs }: Record<'sentAs' | 'calling' | 'tookMs', number>): void {
    const { callMsShare } = this.#settings;
    this.#callMs += (tookMs - this.#callMs) * callMsShare;
    this.#tookMs =
      this.#tookMs === null ? tookMs : this.#tookMs + (tookMs - this.#tookMs) * callMsShare;
    if (this.#beforeTrial === null || sentAs <= this.#burstEnd || !this.#isFull(calling)) return;
    this.#successes += 1;
    if (this.#successes < this.#limit) return;
    this.#beforeTrial = null;
    this.#burstsToIgnoreNext = this.#settings.burstsToIgnoreMin;
  }

  /**
   * A 429 for the call that was sent as the `sentAs`th, with `calling` calls in flight (this one among
   * them) and `sent` calls sent so far. Returns true if it begins a burst.
   */
  refused(
    { sentAs, sent, calling }: Record<'sentAs' | 'sent' | 'calling', number>,
    nowMs: number,
  ): boolean {
    this.#successes = 0;
    const taken = this.#batches.refused(sentAs);
    const begins = sentAs > this.#burstEnd;
    if (begins) {
      this.#burstEnd = sent;
      this.#burstFloor = null;
      this.#burstCalling = calling;
      this.#burstRefused = 0;
      if (this.#cuts(nowMs)) this.#cut();
    }
    this.#burstRefused += 1;
    if (this.#burstFloor === null) this.#cutAnyway(nowMs, taken);
    else this.#lower(this.#burstFloor, taken ?? this.#limit - 1);
    if (this.#beforeTrial !== null && this.#isDeep()) this.#beforeTrial.isDeep = true;
    return begins;
  }

  #cut(): void {
    // If many slots are idle, the few calls in flight say little about how many the provider would
    // take.
    const isFull = this.#isFull(this.#burstCalling);
    const from = isFull ? Math.min(this.#limit, this.#burstCalling) : this.#limit;
    this.#burstFloor = Math.max(1, Math.ceil(from * this.#settings.cutShareMin));
  }

  #isFull(calling: number): boolean {
    return calling >= this.#limit * this.#settings.fullShare;
  }

  #lower(floor: number, to: number): void {
    this.#limit = Math.max(floor, Math.min(this.#limit, to));
  }

  /** Cuts if this burst, which did not cut at first, has turned out to be no accident. */
  #cutAnyway(nowMs: number, taken: number | null): void {
    if (!this.#isDeep()) return;
    this.#burstsToIgnore = 0;
    this.#beforeTrial = null;
    this.#hold(nowMs);
    this.#cut();
    this.#lower(this.#burstFloor ?? 1, taken ?? this.#burstCalling - this.#burstRefused);
  }

  /** Whether the burst that begins cuts. If so, the cut is a trial. */
  #cuts(nowMs: number): boolean {
    const before = this.#beforeTrial;
    if (before !== null && !before.isDeep) {
      this.#limit = Math.min(this.#allotment, before.limit);
      this.#phase = before.phase;
      this.#wasFull = false;
      this.#beforeTrial = null;
      this.#burstsToIgnore = this.#burstsToIgnoreNext;
      const { burstsToIgnoreMax } = this.#settings;
      this.#burstsToIgnoreNext = Math.min(burstsToIgnoreMax, this.#burstsToIgnoreNext * 2);
      return false;
    }
    if (this.#burstsToIgnore > 0) {
      this.#burstsToIgnore -= 1;
      return false;
    }
    this.#beforeTrial = { limit: this.#limit, phase: this.#phase, isDeep: false };
    const hasTried = this.#phase.kind === 'trying';
    if (hasTried) this.#holds = Math.min(this.#settings.holdCallsMax, this.#holds * 2);
    this.#hold(nowMs);
    return true;
  }

  #hold(nowMs: number): void {
    this.#phase = { kind: 'holding' };
    this.#wasFull = false;
    this.#stepAtMs = nowMs + this.#holds * Math.max(this.#callMs, this.#settings.holdCallMsMin);
  }

  /**
   * Whether this burst has refused more calls than chance would. If chance refuses one call in seven,
   * this many refusals of n calls in flight come in one burst of fifty at n = 8, in one of a thousand
   * at n = 16, and in none beyond that.
   */
  #isDeep(): boolean {
    const inFlight = this.#burstCalling;
    const byChance = inFlight * this.#settings.deepShare + Math.sqrt(inFlight) - 1;
    return this.#burstRefused > Math.max(1, byChance);
  }
}
