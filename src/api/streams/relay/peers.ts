/**
 * The other replicas: where they are, which shards are whose, and a connection to each that has an address.
 *
 * It owns the connections. Nobody is looked for or connected to while no client of this replica follows anything.
 *
 * 1. A shard counts as reached if it is this replica's own, or its owner tells of all that is followed here.
 *    Every other one is read by key once a second, by those who follow its runs.
 */
import { thrownText } from '../../../domain/thrown.ts';
import { shardCount, type ReplicaId } from '../../../domain/ids.ts';
import type { Live } from '../../../library/live/live.ts';
import { sharedBy, type Shared } from '../../../library/relay/shared.ts';
import type { Peer } from '../../../store/watch-port.ts';
import type { NewsBoard } from '../news-board.ts';
import type { Reach } from '../reach.ts';
import { PeerLink } from './peer-link.ts';

const lookMs = 5_000;
/** While a shard is not reached. */
const lookSoonMs = 1_000;

export type PeersOptions = {
  readonly live: Live;
  readonly board: NewsBoard;
  /** The path at which replicas serve each other. */
  readonly path: string;
};

export class Peers implements Reach {
  readonly #options: PeersOptions;
  readonly #links = new Map<ReplicaId, PeerLink>();
  readonly #hearers = new Set<() => void>();
  #owners: readonly (Peer | undefined)[] = [];
  #known = false;
  #shared: Shared = { secret: '', nowMs: () => 0 };
  #cancelLook: (() => void) | null = null;
  #lookAtMs = Number.POSITIVE_INFINITY;
  #isLooking = false;
  #isClosed = false;
  #lastLookMs = Number.NEGATIVE_INFINITY;

  constructor(options: PeersOptions) {
    this.#options = options;
    options.board.onChange(({ kind, interest }) => {
      for (const link of this.#links.values()) link.follow(interest, kind === 'add');
      this.#lookIn(0);
    });
  }

  reaches(shard: number): boolean {
    return this.whyNot(shard) === null;
  }

  whyNot(shard: number): string | null {
    if (!this.#known) return 'the replicas are being looked for';
    const owner = this.#owners[shard];
    if (owner === undefined) return 'no replica owns the run at the moment';
    if (owner.replicaId === this.#options.live.replicaId) return null;
    if (owner.address === null) return 'the replica that owns the run serves nobody';
    const link = this.#links.get(owner.replicaId);
    return link?.isLinked === true ? null : 'the replica that owns the run does not answer';
  }

  onChange(changed: () => void): () => void {
    this.#hearers.add(changed);
    return () => void this.#hearers.delete(changed);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelLook?.();
    this.#unlink(() => true);
  }

  #lookIn(waitMs: number): void {
    if (this.#isClosed || this.#isLooking) return;
    const { clock } = this.#options.live;
    // However many come and go: once a second.
    const atMs = Math.max(clock.nowMs() + waitMs, this.#lastLookMs + lookSoonMs);
    if (atMs >= this.#lookAtMs) return;
    this.#cancelLook?.();
    this.#lookAtMs = atMs;
    this.#cancelLook = clock.setTimer(Math.max(atMs - clock.nowMs(), 0), () => {
      this.#lookAtMs = Number.POSITIVE_INFINITY;
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    const { board, live } = this.#options;
    if (board.isIdle) return this.#unlink(() => true);
    this.#isLooking = true;
    this.#lastLookMs = live.clock.nowMs();
    try {
      const askedAtMs = live.clock.nowMs();
      const { peers, ...told } = await live.peers();
      this.#shared = sharedBy(told, live.clock, askedAtMs);
      if (!this.#isClosed) this.#meet(peers);
    } catch (error) {
      live.log.warn('the other replicas are not known', { error: thrownText(error) });
    }
    this.#isLooking = false;
    const isWhole = Array.from({ length: shardCount }, (_, i) => i).every((i) => this.reaches(i));
    this.#lookIn(isWhole ? lookMs : lookSoonMs);
  }

  #meet(peers: readonly Peer[]): void {
    const { live, board, path } = this.#options;
    const owners: (Peer | undefined)[] = [];
    for (const peer of peers) for (const shard of peer.shards) owners[shard] = peer;
    this.#owners = owners;
    this.#known = true;
    const others = peers.filter(({ replicaId }) => replicaId !== live.replicaId);
    const addresses = new Map(others.map(({ replicaId, address }) => [replicaId, address]));
    this.#unlink((to, link) => addresses.get(to) !== link.address || link.ended !== null);
    for (const [to, address] of addresses) {
      if (address === null || this.#links.has(to)) continue;
      const changed = (): void => this.#changed();
      const shared = (): Shared => this.#shared;
      const link = { to, address, path, shared, board, clock: live.clock, changed };
      this.#links.set(to, new PeerLink(link));
    }
    this.#changed();
  }

  #unlink(is: (to: ReplicaId, link: PeerLink) => boolean): void {
    for (const [to, link] of this.#links) {
      if (!is(to, link)) continue;
      this.#links.delete(to);
      link.close();
    }
  }

  #changed(): void {
    if (this.#isClosed) return;
    for (const changed of this.#hearers) changed();
    const isBroken = [...this.#links.values()].some(({ ended }) => ended !== null);
    if (isBroken) this.#lookIn(lookSoonMs);
  }
}
