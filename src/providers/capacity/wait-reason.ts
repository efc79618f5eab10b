/**
 * Why a call waits, and which runs must be told when that changes.
 *
 * WaitNews owns what each run was last told. pool.ts decides why a call waits.
 *
 * 1. Changes of one call are merged until they are taken: at most one per call, and none if the reason
 *    is the one that was told last. So they are bounded by the calls in the pool.
 */
import type { ProviderStatus } from '../../../machines/provider.ts';

/**
 * - queued: behind other calls, at a provider that takes calls.
 * - cooling: its providers have asked to wait.
 * - backoff: it failed in an outage.
 * - stalled: its providers do not answer, or this replica has none.
 * - parked: its providers refuse the key or the spend.
 */
export type WaitReason = 'queued' | 'cooling' | 'backoff' | 'stalled' | 'parked';

/**
 * What a run shows. A call that is queued, cooling or in a slot is shown as `calling`, because those
 * states change many times a second, and each change of a run's status is a write.
 */
export type ShownWait = 'calling' | 'backoff' | 'stalled' | 'parked';

/**
 * Why a call waits that any of these providers may take: the best of their states decides. No
 * provider: `stalled`.
 */
export function reasonAt(statuses: Iterable<ProviderStatus>): WaitReason {
  const seen = new Set(statuses);
  if (seen.size === 0) return 'stalled';
  if (seen.has('open')) return 'queued';
  if (seen.has('cooling')) return 'cooling';
  return seen.has('stalled') || seen.has('probing') ? 'stalled' : 'parked';
}

/** What a run shows for a reason; null means that the call is in a slot. */
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

  /** At most `max` entries whose shown reason has changed; they count as told. */
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
