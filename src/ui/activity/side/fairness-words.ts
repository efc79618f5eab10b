/** How evenly users are served: how much of each user's runs has completed, and whose pipelines take longest. */
import { duration } from '../../look/duration.ts';
import { codeOf } from '../../look/states.ts';
import type { Slowest } from '../worker/pipelines.ts';

type Share = { readonly user: string; readonly counts: readonly number[] };

export type Served = { readonly user: string; readonly runs: number; readonly done: number };

export const servedOf = ({ user, counts }: Share): Served => ({
  user,
  runs: counts.reduce((sum, n) => sum + n, 0),
  done: counts[codeOf('completed')] ?? 0,
});

const part = ({ runs, done }: Served): number => (runs === 0 ? 0 : done / runs);
const percent = (served: Served): string => `${Math.round(part(served) * 100)}%`;

/** Of pipelines that ended within the last minute; null where there is nobody to compare with. */
export function slowestWords(slowest: Slowest | null): string | null {
  if (slowest === null) return null;
  const { user, ms, ofAllMs } = slowest;
  const times = ofAllMs === 0 ? '' : ` (${(ms / ofAllMs).toFixed(1)} times)`;
  return `Slowest is ${user || '(no user)'}: its median pipeline took ${duration(ms)}, that of all ${duration(ofAllMs)}${times}.`;
}

/** Null: of nobody there is anything to say. */
export function fairnessWords(users: readonly Served[]): string | null {
  const sorted = users.toSorted((a, b) => part(b) - part(a));
  const [first] = sorted;
  const last = sorted.at(-1);
  if (first === undefined || last === undefined) return null;
  if (part(first) === part(last)) return `All users are served alike: ${percent(first)} done.`;
  return `Furthest is ${first.user || '(no user)'} with ${percent(first)} done, last ${last.user || '(no user)'} with ${percent(last)}.`;
}
