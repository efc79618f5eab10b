/**
 * Tells listeners in this process which channels have new messages by commits of this replica.
 *
 * Owns the listeners. Word of a channel is a hint about rows that are committed already: a listener reads the
 * channel after the number at which it stands. Messages of other replicas, and delayed ones that enter their
 * channel later, are not told here.
 *
 * 1. While nobody listens, a commit costs one look at an empty map.
 */
import type { Fates } from '../../store/fates.ts';
import type { Batch } from '../../store/batch.ts';
import type { ChannelAddress } from '../../store/rows.ts';

/** Names hold no NUL. */
const keyOf = ({ tenant, channel }: ChannelAddress): string => `${tenant}\u0000${channel}`;

export class ChannelNews {
  readonly #hearers = new Map<string, Set<() => void>>();

  follow(at: ChannelAddress, heard: () => void): () => void {
    const key = keyOf(at);
    const hearers = this.#hearers.get(key) ?? new Set();
    this.#hearers.set(key, hearers);
    hearers.add(heard);
    return () => {
      hearers.delete(heard);
      if (hearers.size === 0 && this.#hearers.get(key) === hearers) this.#hearers.delete(key);
    };
  }

  committed({ turns, arrivals }: Pick<Batch, 'turns' | 'arrivals'>, fates: Fates): void {
    if (this.#hearers.size === 0) return;
    const told = new Set<string>();
    const messages = [
      ...fates.without('turns', turns).flatMap((turn) => turn.messages),
      ...fates.without('messages', arrivals.messages),
    ];
    for (const message of messages) if (message.delayMs === 0) told.add(keyOf(message));
    for (const key of told) for (const heard of this.#hearers.get(key) ?? []) heard();
  }
}
