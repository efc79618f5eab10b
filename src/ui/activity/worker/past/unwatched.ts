/**
 * Which time nobody has watched: what was before the page was opened, or before it had a row of a run, and gaps of the
 * stream. It owns these times until the past has filled them.
 */
type Span = { readonly fromMs: number; readonly toMs: number };

export class Unwatched {
  /** When the stream told for the first time; null: it has not yet. */
  #openedMs: number | null = null;
  /** By row: from when on it was watched. */
  readonly #fromMs: number[] = [];
  #isOld = true;
  #gap: Span | null = null;
  #lostMs: number | null = null;
  #isUrgent = true;

  /** True: more than a moment is missing. */
  get isUrgent(): boolean {
    return this.#isUrgent;
  }

  /** True: nothing of the past is known yet. */
  get isFirst(): boolean {
    return this.#isOld;
  }

  /** From when on the stream has told without a gap; null: it has not told yet. */
  get watchedMs(): number | null {
    return this.#gap?.toMs ?? this.#openedMs;
  }

  get isAny(): boolean {
    return this.#isUrgent || this.#gap !== null;
  }

  /** Nothing is told from now on. */
  lost(nowMs: number): void {
    this.#lostMs ??= nowMs;
  }

  /** Told again, maybe of other runs. */
  heardAgain(nowMs: number, isOther: boolean): void {
    this.#openedMs ??= nowMs;
    if (isOther) this.#isUrgent = true;
    const lostMs = this.#lostMs;
    this.#lostMs = null;
    if (lostMs === null) return;
    this.#gap = { fromMs: Math.min(lostMs, this.#gap?.fromMs ?? lostMs), toMs: nowMs };
    if (nowMs - lostMs > 2_000) this.#isUrgent = true;
  }

  watchedFrom(row: number, ms: number): void {
    this.#fromMs[row] = ms;
  }

  wiped(row: number): void {
    this.#fromMs[row] = Number.POSITIVE_INFINITY;
  }

  filled(): void {
    this.#isOld = false;
    this.#isUrgent = false;
    this.#gap = null;
  }

  /** The times of a row that nobody has watched. */
  ofRow(row: number): readonly Span[] {
    const before = { fromMs: 0, toMs: this.#fromMs[row] ?? Number.POSITIVE_INFINITY };
    return this.#gap === null ? [before] : [before, this.#gap];
  }

  /** The times of the tracks. */
  get ofTracks(): readonly Span[] {
    const old = this.#isOld ? [{ fromMs: 0, toMs: this.#openedMs ?? 0 }] : [];
    return this.#gap === null ? old : [...old, this.#gap];
  }
}
