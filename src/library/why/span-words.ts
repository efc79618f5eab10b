/** Spans of time as people read them. The pages have the same words of their own: they import no part of the library. */
const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** Such as `0.4 s`, `4.2 s`, `3 min 5 s`, `2 h 10 min`, `5 d 3 h`: the two largest units. */
export function spanWords(ms: number): string {
  const of = Math.max(ms, 0);
  if (of < 60_000) return `${Math.floor(of / 100) / 10} s`;
  const at = units.findIndex(([, unitMs]) => of >= unitMs);
  let leftMs = of;
  return units
    .slice(at, at + 2)
    .flatMap(([unit, unitMs]) => {
      const count = Math.floor(leftMs / unitMs);
      leftMs -= count * unitMs;
      return count === 0 ? [] : [`${count} ${unit}`];
    })
    .join(' ');
}
