/**
 * Where an instant lies over the journal's lanes, as a part of their width. Long times in which nothing begins or ends
 * take as much as all the rest together, and no more: of a run that waits for a person its turns are still seen.
 */

type Break = { readonly fromMs: number; readonly toMs: number };

export type TimeScale = {
  /** 0 to 1; what lies before or behind is at the edge. */
  readonly partOf: (ms: number) => number;
  readonly msOf: (part: number) => number;
  /** The times that are shortened. */
  readonly breaks: readonly Break[];
};

/** A time without a mark is long from this part of the whole on. */
const longPart = 0.1;

/** `marks`: when something began or ended, in any order. */
export function timeScale({ fromMs, toMs }: Break, marks: Iterable<number>): TimeScale {
  const within = [...marks].filter((ms) => ms > fromMs && ms < toMs);
  const at = [...new Set([fromMs, ...within, toMs])].sort((a, b) => a - b);
  const spans = at.slice(1).map((end, n) => ({ fromMs: at[n] as number, toMs: end }));
  const lengthOf = (span: Break): number => span.toMs - span.fromMs;
  const isLong = (span: Break): boolean => lengthOf(span) > longPart * (toMs - fromMs);
  const idleMs = spans.filter(isLong).reduce((sum, span) => sum + lengthOf(span), 0);
  const busyMs = toMs - fromMs - idleMs;
  const factor = busyMs > 0 && idleMs > busyMs ? busyMs / idleMs : 1;
  const places = [0];
  for (const span of spans) {
    const shown = lengthOf(span) * (isLong(span) ? factor : 1);
    places.push((places.at(-1) as number) + shown);
  }
  const all = places.at(-1) as number;
  const between = (from: readonly number[], to: readonly number[], value: number): number => {
    const last = from.length - 1;
    if (value <= (from[0] as number)) return to[0] as number;
    if (value >= (from[last] as number)) return to[last] as number;
    let [low, high] = [0, last];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((from[middle] as number) <= value) low = middle;
      else high = middle;
    }
    const [a, b] = [from[low] as number, from[high] as number];
    const [c, d] = [to[low] as number, to[high] as number];
    return c + ((value - a) / (b - a)) * (d - c);
  };
  return {
    partOf: (ms) => between(at, places, ms) / all,
    msOf: (part) => between(places, at, part * all),
    breaks: factor < 1 ? spans.filter(isLong) : [],
  };
}
