/**
 * Who follows what on this replica, and word of it from this replica and the others.
 *
 * Owns the followers, by interest, and the newest phase of each run that is followed and has an open call: a phase is
 * in no row. It follows a thing here, and lets the relay follow it at other replicas, for as long as it has a
 * follower.
 *
 * 1. While nobody follows anything, it costs nothing.
 * 2. A follower hears `missed` whenever word may have been lost: it looks at the rows then.
 * 3. A phase is forgotten when the replica that told it is lost. Only that replica takes it back, or a later turn:
 *    word of a run's earlier owner may come late.
 */
import { noPhase } from '../../domain/calls/phase.ts';
import type { ReplicaId } from '../../domain/ids.ts';
import {
  interestKey,
  keysOf,
  type Interest,
  type News,
  type RunNews,
} from '../../library/live/news.ts';
import type { Live } from '../../library/live/live.ts';

export type Follower = {
  readonly heard: (news: News) => void;
  /** Word may have been lost. */
  readonly missed: () => void;
};

type Followed = {
  readonly interest: Interest;
  readonly followers: Set<Follower>;
  /** By tenant and run; only of runs that have a phase. */
  readonly phases: Map<string, { readonly news: RunNews; readonly from: ReplicaId }>;
  leave: () => void;
};

/** Hears which interests come and go. */
export type InterestHearer = (change: {
  readonly kind: 'add' | 'remove';
  readonly interest: Interest;
}) => void;

export class NewsBoard {
  readonly #own: Pick<Live, 'follow' | 'replicaId'>;
  readonly #followed = new Map<string, Followed>();
  #changed: InterestHearer = () => undefined;

  constructor(own: Pick<Live, 'follow' | 'replicaId'>) {
    this.#own = own;
  }

  /** The relay is told of interests that come and go. */
  onChange(changed: InterestHearer): void {
    this.#changed = changed;
  }

  get interests(): Interest[] {
    return [...this.#followed.values()].map(({ interest }) => interest);
  }

  get isIdle(): boolean {
    return this.#followed.size === 0;
  }

  /** A follower of runs hears the phases that are known. */
  follow(interest: Interest, follower: Follower): () => void {
    const key = interestKey(interest);
    const followed = this.#followed.get(key) ?? this.#begin(key, interest);
    followed.followers.add(follower);
    for (const { news } of followed.phases.values()) follower.heard(news);
    return () => {
      followed.followers.delete(follower);
      if (followed.followers.size > 0 || this.#followed.get(key) !== followed) return;
      this.#followed.delete(key);
      followed.leave();
      this.#changed({ kind: 'remove', interest });
    };
  }

  #begin(key: string, interest: Interest): Followed {
    const followers = new Set<Follower>();
    const leave = (): void => undefined;
    const followed: Followed = { interest, followers, phases: new Map(), leave };
    this.#followed.set(key, followed);
    const from = this.#own.replicaId;
    followed.leave = this.#own.follow(interest, (news) => tellIn(followed, news, from));
    this.#changed({ kind: 'add', interest });
    return followed;
  }

  /** Word from another replica. */
  tell(news: News, from: ReplicaId): void {
    for (const key of keysOf(news)) {
      const followed = this.#followed.get(key);
      if (followed !== undefined) tellIn(followed, news, from);
    }
  }

  /** Nothing comes from this replica any more: the phases that it told are not known. */
  lost(from: ReplicaId): void {
    for (const { phases, followers } of this.#followed.values()) {
      for (const [key, { news, from: by }] of phases) {
        if (by !== from) continue;
        phases.delete(key);
        for (const { heard } of followers) heard({ ...news, ...noPhase, place: null, row: false });
      }
    }
  }

  /** Word may have been lost: of these things, or of all. */
  missed(interests?: readonly Interest[]): void {
    const keys = interests?.map(interestKey) ?? [...this.#followed.keys()];
    for (const key of keys) {
      for (const { missed } of this.#followed.get(key)?.followers ?? []) missed();
    }
  }
}

function tellIn({ followers, phases }: Followed, news: News, from: ReplicaId): void {
  const known = news.kind === 'run' ? kept(phases, news, from) : news;
  for (const { heard } of followers) heard(known);
}

/** The word with the phase that is known after it. */
function kept(phases: Followed['phases'], news: RunNews, from: ReplicaId): RunNews {
  const [key = ''] = keysOf(news);
  if (news.ended) phases.delete(key);
  else if (news.phase !== null) phases.set(key, { news, from });
  else {
    const before = phases.get(key);
    const isLater = before !== undefined && news.row && news.turn > before.news.turn;
    if (before !== undefined && before.from !== from && !isLater) {
      const { phase, provider } = before.news;
      return { ...news, phase, provider };
    }
    phases.delete(key);
  }
  return news;
}
