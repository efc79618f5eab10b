/** Times as people read them. */
import { signal } from '@preact/signals';

export { duration } from './duration.ts';

/** Now, in ms since 1970; it moves once a second while the page is seen. */
export const nowMs = signal(Date.now());
setInterval(() => {
  if (!document.hidden) nowMs.value = Date.now();
}, 1_000);

/** Today the time alone, else the day too. */
export function instant(ms: number, ref: number = nowMs.peek()): string {
  const at = new Date(ms);
  const time = at.toTimeString().slice(0, 8);
  if (new Date(ref).toDateString() === at.toDateString()) return time;
  const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  return `${day} ${time}`;
}

const pad = (n: number): string => String(n).padStart(2, '0');
