/**
 * Who follows what on this replica, and word of it from this replica and the others.
 *
 * Owns the followers, by interest. It follows a thing here, and lets the relay follow it at other replicas, for
 * as long as it has a follower.
 *
 * 1. While nobody follows anything, it costs nothing.
 * 2. A follower hears `missed` whenever word may have been lost: it looks at the rows then.
 */
import { interestKey, keysOf, type Interest, type News } from '../../library/live/news.ts';
import type { Live } from '../../library/live/live.ts';

export type Follower = {
  readonly heard: (news: News) => void;
  /** Word may have been lost. */
  readonly missed: () => void;
};

type Followed = {
  readonly interest: Interest;
  readonly followers: Set<Follower>;
  readonly leave: () => void;
};

/** Hears which interests come and go. */
export type InterestHearer = (change: {
  readonly kind: 'add' | 'remove';
  readonly interest: Interest;
}) => void;

export class NewsBoard {
  readonly #own: Pick<Live, 'follow'>;
  readonly #followed = new Map<string, Followed>();
  #changed: InterestHearer = () => undefined;

  constructor(own: Pick<Live, 'follow'>) {
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

  follow(interest: Interest, follower: Follower): () => void {
    const key = interestKey(interest);
    const followed = this.#followed.get(key) ?? this.#begin(key, interest);
    followed.followers.add(follower);
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
    const leave = this.#own.follow(interest, (news) => {
      for (const { heard } of followers) heard(news);
    });
    const followed = { interest, followers, leave };
    this.#followed.set(key, followed);
    this.#changed({ kind: 'add', interest });
    return followed;
  }

  /** Word from another replica. */
  tell(news: News): void {
    for (const key of keysOf(news)) {
      for (const { heard } of this.#followed.get(key)?.followers ?? []) heard(news);
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
