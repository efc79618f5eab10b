/** Tokens per minute: a bucket of one minute's tokens that is refilled evenly. */
export class TokenBucket {
  readonly perMinute: number;
  #tokens: number;
  #filledAtMs: number;

  constructor(perMinute: number, nowMs: number) {
    this.perMinute = perMinute;
    this.#tokens = perMinute;
    this.#filledAtMs = nowMs;
  }

  /** How long to wait until there are enough; 0: they are taken. More than a minute's are let through full. */
  take(tokens: number, nowMs: number): number {
    this.#fill(nowMs);
    const needed = Math.min(tokens, this.perMinute);
    if (needed > this.#tokens) {
      return Math.max(1, Math.ceil(((needed - this.#tokens) / this.perMinute) * 60_000));
    }
    this.#tokens -= needed;
    return 0;
  }

  left(nowMs: number): number {
    this.#fill(nowMs);
    return Math.floor(this.#tokens);
  }

  fullInMs(nowMs: number): number {
    this.#fill(nowMs);
    return ((this.perMinute - this.#tokens) / this.perMinute) * 60_000;
  }

  #fill(nowMs: number): void {
    const filled = ((nowMs - this.#filledAtMs) / 60_000) * this.perMinute;
    this.#tokens = Math.min(this.perMinute, this.#tokens + filled);
    this.#filledAtMs = nowMs;
  }
}
