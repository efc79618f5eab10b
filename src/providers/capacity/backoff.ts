/**
 * How long a call waits after an outage, and how long a provider is left alone after a 429 or a stall.
 */
import type { CapacitySettings } from '../../domain/capacity-settings.ts';
import { IndexedHeap, type HeapMember } from '../../queue/indexed-heap.ts';

/** `first` the first time, doubled each further time, and at most `max`. */
function doubled(first: number, times: number, max: number): number {
  return Math.min(max, first * 2 ** Math.min(times - 1, 50));
}

/**
 * Full jitter: anywhere between 0 and the bound, so that calls which failed together do not come back
 * together. `random` is in [0, 1).
 */
export function callBackoffMs(
  { firstMs, msMax }: CapacitySettings['backoff'],
  outages: number,
  random: number,
): number {
  return random * doubled(firstMs, outages, msMax);
}

/**
 * The time that the provider asked for, within its bounds; else a guess that grows with the bursts in
 * a row.
 */
export function coolingMs(
  settings: CapacitySettings['cooling'],
  asked: { readonly retryAfterMs: number | null; readonly bursts: number; readonly random: number },
): number {
  const { retryAfterMs, bursts, random } = asked;
  if (retryAfterMs !== null && Number.isFinite(retryAfterMs)) {
    return Math.min(settings.askedMsMax, Math.max(settings.askedMsMin, retryAfterMs));
  }
  const { firstMs, msMax, jitterShare } = settings;
  return withJitter(doubled(firstMs, bursts, msMax), jitterShare, random);
}

/** From a stall, or a failed probe, to the next probe. */
export function probeMs(
  { firstMs, msMax, jitterShare }: CapacitySettings['probing'],
  failedProbes: number,
  random: number,
): number {
  return withJitter(doubled(firstMs, failedProbes + 1, msMax), jitterShare, random);
}

function withJitter(ms: number, share: number, random: number): number {
  return ms * (1 - share + random * share);
}

type BackingOff = HeapMember & {
  /** The attempt that comes next. */
  attempt: number;
  /** When its backoff ends; null if it is in none. */
  dueMs: number | null;
  readonly order: number;
};

/**
 * Calls in a backoff after an attempt. The call that is due first comes first; of equals, the older
 * one.
 */
export class Backoffs<Call extends BackingOff> {
  readonly #settings: CapacitySettings['backoff'];
  readonly #random: () => number;
  readonly #heap = new IndexedHeap<Call>(isDueBefore);

  constructor(settings: CapacitySettings['backoff'], random: () => number) {
    this.#settings = settings;
    this.#random = random;
  }

  get size(): number {
    return this.#heap.size;
  }

  /** The call's attempt is used up: the next one follows after a backoff. */
  add(call: Call, nowMs: number): void {
    const waitMs = callBackoffMs(this.#settings, call.attempt, this.#random());
    call.attempt += 1;
    call.dueMs = nowMs + waitMs;
    this.#heap.push(call);
  }

  remove(call: Call): void {
    this.#heap.remove(call);
    call.dueMs = null;
  }

  /** When the first backoff ends; null if no call is in one. */
  dueMs(): number | null {
    return this.#heap.first()?.dueMs ?? null;
  }

  /** Takes out a call whose backoff has ended. */
  takeDue(nowMs: number): Call | undefined {
    const call = this.#heap.first();
    if (call === undefined || (call.dueMs ?? 0) > nowMs) return undefined;
    this.remove(call);
    return call;
  }
}

function isDueBefore(a: BackingOff, b: BackingOff): boolean {
  const [aMs, bMs] = [a.dueMs ?? 0, b.dueMs ?? 0];
  return aMs === bMs ? a.order < b.order : aMs < bMs;
}
