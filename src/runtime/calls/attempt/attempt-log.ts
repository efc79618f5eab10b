/**
 * Attempts whose end no journal will tell: they are written with the next batch that goes anyway.
 *
 * Owns those that are not written yet, and how many have ended in which way. An attempt whose result a turn takes stands
 * in that turn's journal.
 *
 * 1. An attempt makes no commit and no round trip of its own.
 * 2. At most `max` wait. When one more comes, the oldest goes, and is counted in `dropped`.
 * 3. A batch that fails gives its attempts back once, so that none can make batch after batch fail.
 * 4. They say what this replica has done. That stays true when a run is another replica's, so they are not fenced.
 */
import type { AttemptEnd, AttemptNote } from '../../../domain/calls/attempt.ts';
import { toSafeText } from '../../../domain/json.ts';
import { limits } from '../../../domain/limits.ts';
import type { AttemptInsert } from '../../../store/batch.ts';
import type { CallSlot } from '../call/call-state.ts';
import { callKey, type RunCall } from '../call/run-call.ts';

type OfCall = Pick<RunCall, 'tenant' | 'runId' | 'invocationId' | 'incarnation' | 'turn'>;

export type EndedAttempts = { readonly gate: string; readonly how: AttemptEnd; count: number };

/** 429s of one call at one gate within this time are one row. */
const mergeMs = 1_000;

export class AttemptLog {
  readonly #max: number;
  readonly #takenMax: number;
  /** The oldest first, by what can be merged: call, gate and end. */
  readonly #waiting = new Map<string, AttemptInsert>();
  readonly #twice = new WeakSet<AttemptInsert>();
  readonly #ended = new Map<string, EndedAttempts>();
  #count = 0;
  #dropped = 0;

  constructor({ max, takenMax } = { max: 10_000, takenMax: 1_000 }) {
    this.#max = max;
    this.#takenMax = takenMax;
  }

  /** Attempts that were never written. */
  get dropped(): number {
    return this.#dropped;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Those that have ended here, by gate and end; the gates are those that were declared. */
  get ended(): readonly EndedAttempts[] {
    return [...this.#ended.values()];
  }

  /** The note of an attempt that has ended now; each is counted here, whoever writes it. */
  end(...[slot, how, times, more]: Parameters<typeof attemptNote>): AttemptNote {
    const key = `${how} ${slot.provider}`;
    const ended = this.#ended.get(key);
    if (ended === undefined) this.#ended.set(key, { gate: slot.provider, how, count: 1 });
    else ended.count += 1;
    return attemptNote(slot, how, times, more);
  }

  add(of: OfCall, note: AttemptNote): void {
    const { tenant, runId, invocationId, incarnation, turn } = of;
    const row = { tenant, runId, invocationId, incarnation, turn, count: 1, ...note };
    if (note.how !== 'rate-limited') return this.#put(this.#name(), row);
    const key = `${callKey(runId, invocationId, incarnation)} ${note.provider}`;
    const before = this.#waiting.get(key);
    if (before === undefined) return this.#put(key, row);
    this.#waiting.delete(key);
    const { sentAtMs, count } = before;
    if (row.endedAtMs - sentAtMs <= mergeMs)
      return this.#put(key, { ...row, sentAtMs, count: count + 1 });
    this.#put(this.#name(), before);
    this.#put(key, row);
  }

  /** The attempts of a batch that is made now, the oldest first. */
  take(): readonly AttemptInsert[] {
    if (this.#waiting.size === 0) return [];
    const taken: AttemptInsert[] = [];
    for (const [key, row] of this.#waiting) {
      if (taken.length === this.#takenMax) break;
      this.#waiting.delete(key);
      taken.push(row);
    }
    return taken;
  }

  /** The batch that held these was not committed. */
  giveBack(rows: readonly AttemptInsert[] = []): void {
    for (const row of rows) {
      if (this.#twice.has(row)) {
        this.#dropped += row.count;
        continue;
      }
      this.#twice.add(row);
      this.#put(this.#name(), row);
    }
  }

  #put(key: string, row: AttemptInsert): void {
    this.#waiting.set(key, row);
    if (this.#waiting.size <= this.#max) return;
    for (const [oldest, { count }] of this.#waiting) {
      this.#waiting.delete(oldest);
      this.#dropped += count;
      return;
    }
  }

  /** Calls have no such key: theirs begins with a run's id. */
  #name(): string {
    this.#count += 1;
    return `#${this.#count}`;
  }
}

/** `more`: what is known of its end beside its kind. */
export function attemptNote(
  { attempt, provider }: Pick<CallSlot, 'attempt' | 'provider'>,
  how: AttemptEnd,
  times: { readonly sentAtMs: number; readonly endedAtMs: number },
  more: {
    readonly waitMs?: number | null;
    readonly fault?: string | null;
    readonly usage?: AttemptNote['usage'] | null;
  } = {},
): AttemptNote {
  const { waitMs = null, fault = null, usage = null } = more;
  const sentAtMs = Math.round(times.sentAtMs);
  return {
    attempt,
    provider,
    how,
    sentAtMs,
    endedAtMs: Math.max(sentAtMs, Math.round(times.endedAtMs)),
    ...(waitMs === null ? {} : { waitMs: Math.min(Math.ceil(waitMs), limits.delayMsMax) }),
    ...(fault === null ? {} : { fault: toSafeText(fault.slice(0, limits.faultCharsMax)) }),
    ...(usage === null ? {} : { usage }),
  };
}
