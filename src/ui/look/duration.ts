/** Spans of time as people read them. */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Such as `340 ms`, `4.2 s`, `3 min 5 s`, `2 h 10 min`, `5 d 3 h`. */
export function duration(ms: number): string {
  const of = Math.max(0, ms);
  if (of < 1_000) return `${Math.round(of)} ms`;
  if (of < 10_000) return `${(of / 1_000).toFixed(1)} s`;
  if (of < minuteMs) return `${Math.floor(of / 1_000)} s`;
  if (of < hourMs) return two(of, minuteMs, 'min', 1_000, 's');
  if (of < dayMs) return two(of, hourMs, 'h', minuteMs, 'min');
  return two(of, dayMs, 'd', hourMs, 'h');
}

function two(ms: number, great: number, unit: string, small: number, lesser: string): string {
  const first = Math.floor(ms / great);
  const rest = Math.floor((ms - first * great) / small);
  return rest === 0 ? `${first} ${unit}` : `${first} ${unit} ${rest} ${lesser}`;
}
