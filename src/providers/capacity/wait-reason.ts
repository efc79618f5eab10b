/**
 * Why a call waits, and who has to be told when that changes.
 *
 * WaitNews owns what each run was last told. It leaves to pool.ts why a call waits.
 *
 * 1. News of one call are merged until they are taken: at most one per call, and none when all is
 *    as it was told. So they are bounded by the calls in the pool.
 */
import type { ProviderStatus } from '../../../machines/provider.ts';

/**
 * - queued: behind others, at a provider that takes calls.
 * - cooling: its providers have asked to wait.       - backoff: it failed in an outage.
 * - stalled: its providers do not answer, or this replica has none.
 * - parked: they refuse key or spend.
 */
export type WaitReason = 'queued' | 'cooling' | 'backoff' | 'stalled' | 'parked';

/**
 * What a run shows. A call that queues, cools or is in a slot is `calling`: those change many times
 * a second, and each change of a run's status is a write.
 */
export type ShownWait = 'calling' | 'backoff' | 'stalled' | 'parked';

/** Why a call waits that any of these providers may take: the best of their states. */
export function reasonAt(statuses: Iterable<ProviderStatus>): WaitReason {
  const seen = new Set(statuses);
  if (seen.size === 0) return 'stalled';
  if (seen.has('open')) return 'queued';
  if (seen.has('cooling')) return 'cooling';
  return seen.has('stalled') || seen.has('probing') ? 'stalled' : 'parked';
}

/** What a run shows for a reason; null is a call that is in a slot. */
export function shownAs(reason: WaitReason | null): ShownWait {
  return reason === null || reason === 'queued' || reason === 'cooling' ? 'calling' : reason;
}

type Told = { told: ShownWait };

export class WaitNews<Entry extends Told> {
  readonly #shown: (entry: Entry) => ShownWait;
  readonly #pending = new Set<Entry>();

  constructor(shown: (entry: Entry) => ShownWait) {
    this.#shown = shown;
  }

  /** The entry may wait for another reason than before. */
  check(entry: Entry): void {
    if (this.#shown(entry) !== entry.told) this.#pending.add(entry);
    else if (this.#pending.size > 0) this.#pending.delete(entry);
  }

  drop(entry: Entry): void {
    if (this.#pending.size > 0) this.#pending.delete(entry);
  }

  get size(): number {
    return this.#pending.size;
  }

  /** At most `max` entries whose news is out; they count as told. */
  take(max: number): Entry[] {
    const taken: Entry[] = [];
    for (const entry of this.#pending) {
      if (taken.length >= max) break;
      this.#pending.delete(entry);
      entry.told = this.#shown(entry);
      taken.push(entry);
    }
    return taken;
  }
}
