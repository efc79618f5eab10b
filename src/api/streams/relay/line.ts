/** What replicas say to each other: JSON, one value a line. */
import type { Interest, News } from '../../../library/live/news.ts';

/** From the replica that was asked. */
export type RelayLine =
  /** The first line. `answer` proves who it is; `link` names this connection. */
  | { readonly kind: 'hello'; readonly link: string; readonly answer: string }
  | { readonly kind: 'news'; readonly news: readonly News[] }
  /** Word was left out. */
  | { readonly kind: 'missed' }
  | { readonly kind: 'beat' };

/** What the one that asks wants to hear of, from now on. */
export type InterestChange = {
  readonly add: readonly Interest[];
  readonly remove: readonly Interest[];
};

export const beatMs = 5_000;
/** A connection that is silent for so long is given up. */
export const silenceMs = 16_000;
/** A line is at most so long: word of 1,000 pieces of text. */
export const lineCharsMax = 16_777_216;
