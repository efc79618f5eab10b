/** The shards that this replica owns, each with its epoch, by which the store fences every commit. */
import type { ShardGrant } from '../store/port.ts';

export class OwnedShards {
  readonly #epochs = new Map<number, number>();
  /** Shards that are being given back: their runs take no new turn. */
  readonly #leaving = new Set<number>();
  /** Shards whose open runs are not taken up yet: none of their runs is woken before that. */
  readonly #arriving = new Set<number>();
  /** Those arriving shards that their last owner had not given back. */
  readonly #orphaned = new Set<number>();

  owns(shard: number): boolean {
    return this.#epochs.has(shard) && !this.#leaving.has(shard) && !this.#arriving.has(shard);
  }

  /** Undefined when the shard is not owned. A shard that is leaving or arriving commits. */
  epoch(shard: number): number | undefined {
    return this.#epochs.get(shard);
  }

  list(): number[] {
    return [...this.#epochs.keys()].filter((shard) => this.owns(shard));
  }

  /** All shards that the store knows as this replica's, also those that are leaving or arriving. */
  held(): number[] {
    return [...this.#epochs.keys()];
  }

  /**
   * True while the shard's runs are being taken up after its last owner was lost: their tasks ended with
   * it.
   */
  isOrphaned(shard: number): boolean {
    return this.#orphaned.has(shard);
  }

  /** Shards whose runs must be taken up, for the first time or again after that has failed. */
  arriving(): number[] {
    return [...this.#arriving];
  }

  arrived(shards: readonly number[]): void {
    for (const shard of shards) {
      this.#arriving.delete(shard);
      this.#orphaned.delete(shard);
    }
  }

  /**
   * Takes over what the store grants. Gives the shards that are new or have a new epoch, and those that
   * are lost.
   */
  update(grants: readonly ShardGrant[]): { gained: number[]; lost: number[] } {
    const gained: number[] = [];
    const kept = new Set<number>();
    const lost: number[] = [];
    for (const { shard, epoch, orphaned } of grants) {
      kept.add(shard);
      const before = this.#epochs.get(shard);
      if (before === epoch) continue;
      // Another replica may have owned the shard in between: what is in memory here belongs to the old
      // epoch.
      if (before !== undefined) lost.push(shard);
      this.#epochs.set(shard, epoch);
      this.#leaving.delete(shard);
      this.#arriving.add(shard);
      if (orphaned === true) this.#orphaned.add(shard);
      gained.push(shard);
    }
    for (const shard of this.#epochs.keys()) {
      if (kept.has(shard)) continue;
      lost.push(shard);
      this.remove(shard);
    }
    return { gained, lost };
  }

  leave(shard: number): void {
    if (this.#epochs.has(shard)) this.#leaving.add(shard);
  }

  remove(shard: number): void {
    this.#epochs.delete(shard);
    this.#leaving.delete(shard);
    this.#arriving.delete(shard);
    this.#orphaned.delete(shard);
  }
}
