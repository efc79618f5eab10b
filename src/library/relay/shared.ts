/**
 * What all replicas of one database have in common: the secret by which they know each other, and the database's time.
 *
 * It owns what was read of them last. Clocks of machines differ, and this process's own clock stands still while its
 * machine sleeps; the database's is one for all.
 *
 * 1. The time is that of the last read, counted on by this process's clock: right but for a sleep since then.
 */
import type { Clock } from '../../runtime/ports.ts';
import type { PeersRead } from '../../store/watch-port.ts';

export type Shared = {
  readonly secret: string;
  /** The database's time now, in ms since 1970. */
  readonly nowMs: () => number;
};

const anewMs = 1_000;

/** `askedAtMs`: when the read began, by this process's clock. */
export function sharedBy(
  { secret, atMs }: Pick<PeersRead, 'secret' | 'atMs'>,
  clock: Pick<Clock, 'nowMs'>,
  askedAtMs: number,
): Shared {
  return { secret, nowMs: () => atMs + clock.nowMs() - askedAtMs };
}

export class SharedReads {
  readonly #read: () => Promise<Pick<PeersRead, 'secret' | 'atMs'>>;
  readonly #clock: Pick<Clock, 'nowMs'>;
  #last: { readonly shared: Promise<Shared>; readonly askedAtMs: number } | null = null;

  constructor(
    read: () => Promise<Pick<PeersRead, 'secret' | 'atMs'>>,
    clock: Pick<Clock, 'nowMs'>,
  ) {
    this.#read = read;
    this.#clock = clock;
  }

  /** As it was read last. */
  known(): Promise<Shared> {
    return this.#last?.shared ?? this.#readNow();
  }

  /** Read again, once in a second at most. */
  anew(): Promise<Shared> {
    const last = this.#last;
    if (last !== null && this.#clock.nowMs() - last.askedAtMs < anewMs) return last.shared;
    return this.#readNow();
  }

  #readNow(): Promise<Shared> {
    const askedAtMs = this.#clock.nowMs();
    const shared = this.#read().then((told) => sharedBy(told, this.#clock, askedAtMs));
    const last = { shared, askedAtMs };
    this.#last = last;
    shared.catch(() => {
      if (this.#last === last) this.#last = null;
    });
    return shared;
  }
}
