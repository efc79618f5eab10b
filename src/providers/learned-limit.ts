/**
 * How many calls a provider really takes at once: its ceiling is learned, not believed (design §5).
 *
 * It owns the limit and what led to it. It leaves cooling and the slots to provider-state.ts.
 *
 * A round is as many successes as the limit has slots; it is clean when no 429 comes between.
 *
 * 1. 1 ≤ limit ≤ allotment. Without a 429 the limit is the allotment.
 * 2. A burst of 429 cuts once: to what the provider took of the calls in flight, and not below half.
 *    Calls that were sent before the burst began belong to it.
 * 3. A cut is a trial. A clean round proves it; a burst before that takes it back, for then fewer
 *    calls have not helped: that provider counts something else, and its cooling must do. Without
 *    this, 429 on a tenth of the calls at random would shrink any limit to a handful. A cut by more than a
 *    quarter is no trial: so many refusals are no accident.
 * 4. Additive increase: one slot more after so many clean rounds. Their number doubles when a grown
 *    limit is cut and halves when it stands a clean round, so a true ceiling is seldom overrun.
 */
const roundsToGrowMax = 64;
const burstsToIgnoreMin = 8;
const burstsToIgnoreMax = 64;

export class LearnedLimit {
  #allotment: number;
  #limit: number;
  /** What an unproven cut would be taken back to. */
  #beforeTrial: number | null = null;
  /** The least that this burst's cut may leave; null when this burst does not cut. */
  #burstFloor: number | null = null;
  /** The last call that was sent before the burst began. */
  #burstEnd = 0;
  #successes = 0;
  #cleanRounds = 0;
  #hasGrown = false;
  #roundsToGrow = 1;
  #burstsToIgnore = 0;
  #burstsToIgnoreNext = burstsToIgnoreMin;

  constructor(allotment: number) {
    this.#allotment = allotment;
    this.#limit = allotment;
  }

  get limit(): number {
    return this.#limit;
  }

  get allotment(): number {
    return this.#allotment;
  }

  /** Another part of the ceiling: what was learned is scaled with it. */
  setAllotment(allotment: number): void {
    const scaled = Math.round((this.#limit / this.#allotment) * allotment);
    this.#allotment = allotment;
    this.#limit = Math.min(allotment, Math.max(1, scaled));
    this.#beforeTrial = null;
    this.#burstFloor = null;
  }

  /**
   * A success of the call that was sent as the `sentAs`th, with `calling` in flight (it among them).
   * Idle slots prove nothing, and neither does a call from before the last burst.
   */
  succeeded({ sentAs, calling }: Record<'sentAs' | 'calling', number>): void {
    if (sentAs <= this.#burstEnd || calling * 2 < this.#limit) return;
    this.#successes += 1;
    if (this.#successes < this.#limit) return;
    this.#successes = 0;
    if (this.#beforeTrial !== null) {
      this.#beforeTrial = null;
      this.#burstsToIgnoreNext = burstsToIgnoreMin;
      return;
    }
    if (this.#hasGrown) this.#roundsToGrow = Math.max(1, this.#roundsToGrow >> 1);
    this.#hasGrown = false;
    this.#cleanRounds += 1;
    if (this.#cleanRounds < this.#roundsToGrow || this.#limit >= this.#allotment) return;
    this.#cleanRounds = 0;
    this.#hasGrown = true;
    this.#limit += 1;
  }

  /**
   * A 429 for the call that was sent as the `sentAs`th, with `calling` in flight (it among them)
   * and `sent` sent so far. True when it begins a burst.
   */
  refused({ sentAs, sent, calling }: Record<'sentAs' | 'sent' | 'calling', number>): boolean {
    this.#successes = 0;
    this.#cleanRounds = 0;
    const begins = sentAs > this.#burstEnd;
    if (begins) {
      this.#burstEnd = sent;
      this.#burstFloor = null;
      if (this.#cuts()) {
        // Beside many idle slots a few calls in flight say little about how many would be taken.
        if (calling * 2 >= this.#limit) this.#limit = Math.min(this.#limit, calling);
        this.#burstFloor = Math.max(1, Math.ceil(this.#limit / 2));
      }
    }
    if (this.#burstFloor !== null && this.#limit > this.#burstFloor) this.#limit -= 1;
    return begins;
  }

  /** Whether the burst that begins cuts; if so, as a trial. */
  #cuts(): boolean {
    if (this.#hasGrown) this.#roundsToGrow = Math.min(roundsToGrowMax, this.#roundsToGrow * 2);
    this.#hasGrown = false;
    if (this.#beforeTrial !== null && !this.#isDeepCut(this.#beforeTrial)) {
      this.#limit = this.#beforeTrial;
      this.#beforeTrial = null;
      this.#burstsToIgnore = this.#burstsToIgnoreNext;
      this.#burstsToIgnoreNext = Math.min(burstsToIgnoreMax, this.#burstsToIgnoreNext * 2);
      return false;
    }
    if (this.#burstsToIgnore > 0) {
      this.#burstsToIgnore -= 1;
      return false;
    }
    this.#beforeTrial = this.#limit;
    return true;
  }
  #isDeepCut(from: number): boolean {
    return from - this.#limit > Math.max(1, from / 4);
  }
}
