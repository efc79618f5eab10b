/**
 * Measures the same as slot-use.ts for providers in another process, which count their own slots.
 * Their slot changes arrive late, with their times, so the demand at these times is kept until the
 * changes arrive.
 *
 * It owns the marks of demand: one at every begin and end of a call. Between two marks, demand is
 * taken as even.
 */
import type { GroupSlots } from '../emulators/emulator-group.ts';
import { machineMs, type SlotChanges } from '../emulators/slot-log.ts';
import type { Demand } from './demand.ts';
import type { SlotMs } from './slot-use.ts';

type Mark = { readonly atMs: number; readonly demandMs: number };

type Member = { inFlight: number; peak: number };

export class SlotTimeline {
  readonly #ceiling: number;
  readonly #demand: Demand;
  readonly #nowMs: () => number;
  readonly #members: readonly Member[];
  #marks: Mark[] = [{ atMs: 0, demandMs: 0 }];
  /** The time up to which everything is counted. */
  #counted: Mark = { atMs: 0, demandMs: 0 };
  #usedMs = 0;

  constructor(of: {
    /** The ceiling of all members together. */
    readonly ceiling: number;
    readonly members: number;
    readonly demand: Demand;
    readonly nowMs?: () => number;
  }) {
    this.#ceiling = of.ceiling;
    this.#demand = of.demand;
    this.#nowMs = of.nowMs ?? machineMs;
    this.#members = Array.from({ length: of.members }, () => ({ inFlight: 0, peak: 0 }));
  }

  readonly mark = (): void => {
    this.#marks.push({ atMs: this.#nowMs(), demandMs: this.#demand.ms });
  };

  take({ changes, untilMs }: GroupSlots): void {
    this.mark();
    const begin = this.#counted;
    for (const [at, member] of this.#members.entries()) {
      const own = changes[at];
      if (own !== undefined) this.#count(member, own, { begin, untilMs });
    }
    const passed = this.#marks.findLastIndex(({ atMs }) => atMs <= untilMs);
    this.#counted = { atMs: untilMs, demandMs: this.#demandAt(untilMs, Math.max(passed, 0)) };
    if (passed > 0) this.#marks = this.#marks.slice(passed);
  }

  get slotMs(): SlotMs {
    return { used: this.#usedMs, offered: this.#counted.demandMs * this.#ceiling };
  }

  /** The most calls in flight since the last `takePeaks`, by member. */
  takePeaks(): readonly number[] {
    return this.#members.map((member) => {
      const { peak } = member;
      member.peak = member.inFlight;
      return peak;
    });
  }

  #count(
    member: Member,
    { atMs, by }: SlotChanges,
    { begin, untilMs }: { readonly begin: Mark; readonly untilMs: number },
  ): void {
    let { demandMs } = begin;
    let from = 0;
    const until = (ms: number): void => {
      while (from + 1 < this.#marks.length && (this.#marks[from + 1]?.atMs ?? ms) <= ms) from += 1;
      const nowMs = this.#demandAt(ms, from);
      this.#usedMs += (nowMs - demandMs) * member.inFlight;
      demandMs = nowMs;
    };
    for (const [index, change] of by.entries()) {
      until(atMs[index] ?? untilMs);
      member.inFlight += change;
      if (member.inFlight > member.peak) member.peak = member.inFlight;
    }
    until(untilMs);
  }

  /** `from` is the last mark that is not after `ms`. */
  #demandAt(ms: number, from: number): number {
    const before = this.#marks[from];
    const after = this.#marks[from + 1];
    if (before === undefined) return 0;
    if (after === undefined || after.atMs <= before.atMs || ms <= before.atMs)
      return before.demandMs;
    const share = Math.min(1, (ms - before.atMs) / (after.atMs - before.atMs));
    return before.demandMs + share * (after.demandMs - before.demandMs);
  }
}
