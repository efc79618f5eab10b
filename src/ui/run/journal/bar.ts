/** A bar of the journal. */
import type { Look } from '../../look/states.ts';

export type Bar = {
  /** `waits` is thin; `held-back` is hatched; the others are full. `out`: a request whose answer has not come. */
  readonly kind: 'waits' | 'attempt' | 'held-back' | 'open' | 'out';
  readonly from: number;
  readonly to: number;
  readonly look: Look;
  /** On the bar: `429`, `503`, `×`. */
  readonly label: string;
  readonly words: string;
};
