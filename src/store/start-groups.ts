/**
 * Which starts of a batch ask for something else than the run that has their idempotency key. Both
 * stores judge by this: group by group in the order of the batch, each upon what those before it
 * will have started. A group that holds such a start is refused whole.
 */
import { heddleError } from '../domain/errors.ts';
import type { RunId } from '../domain/ids.ts';
import type { FateOf } from './fates.ts';
import type { StartArrival } from './rows.ts';

type Refused = Extract<FateOf['starts'], { kind: 'refused' }>;
/** Tenant and key, with a NUL between them. */
type StartKey = `${string}\u0000${string}`;
/** The run that has a key. `mark`: what it was started for; null fits whatever is asked for. */
type KeyHolder = { readonly runId: RunId; readonly mark: string | null };
/** What there is before the batch: who holds a key, and the key of each run that is there already. */
export type Started = {
  readonly holders: Map<StartKey, KeyHolder>;
  /** By tenant and run. */
  readonly keys: Map<StartKey, string | null>;
};
type Item = { readonly run: StartArrival; readonly index: number; readonly place: number };

/** By index in the batch: what is refused. `skipped`: what does not take part anyway. */
export function refuseGroups(
  starts: readonly StartArrival[],
  skipped: (index: number) => boolean,
  before: Started,
  markOf: (run: StartArrival) => string | null,
): Map<number, Refused> {
  const refused = new Map<number, Refused>();
  for (const group of groupsOf(starts)) {
    const items = group.filter(({ index }) => !skipped(index));
    const own: Started = { holders: new Map(), keys: new Map() };
    const error = firstMisuse(items, { before, own }, markOf);
    if (error === null) {
      for (const [key, holder] of own.holders) before.holders.set(key, holder);
      for (const [run, key] of own.keys) before.keys.set(run, key);
    } else for (const { index } of items) refused.set(index, error);
  }
  return refused;
}

/** Notes in `own` what the group itself starts. */
function firstMisuse(
  items: readonly Item[],
  { before, own }: { readonly before: Started; readonly own: Started },
  markOf: (run: StartArrival) => string | null,
): Refused | null {
  for (const { run, place } of items) {
    const { tenant, runId, idempotencyKey } = run;
    const id: StartKey = `${tenant}\u0000${runId}`;
    const there = own.keys.has(id) ? own.keys : before.keys;
    // The run is there under another key, or under none: the start is answered with it, and uses no key.
    if (there.has(id) && there.get(id) !== idempotencyKey) continue;
    if (idempotencyKey === null) {
      own.keys.set(id, null);
      continue;
    }
    const key: StartKey = `${tenant}\u0000${idempotencyKey}`;
    const mark = markOf(run);
    const holder = own.holders.get(key) ?? before.holders.get(key);
    if (holder === undefined) {
      own.holders.set(key, { runId, mark });
      own.keys.set(id, idempotencyKey);
    } else if (differs(holder.mark, mark)) return misuse(run, fieldOf(items, place), holder);
  }
  return null;
}

const differs = (one: string | null, other: string | null): boolean =>
  one !== null && other !== null && one !== other;

function misuse(
  { idempotencyKey: key }: StartArrival,
  field: string,
  { runId }: KeyHolder,
): Refused {
  return { kind: 'refused', error: heddleError('start-key-used', { field, key, runId }).toJSON() };
}

const fieldOf = ({ length }: readonly Item[], place: number): string =>
  length === 1 ? 'start.idempotencyKey' : `starts[${place}].idempotencyKey`;

/** A start without a group is one of its own. `place` is the start's in its group. */
function groupsOf(starts: readonly StartArrival[]): Iterable<Item[]> {
  const groups = new Map<string, Item[]>();
  starts.forEach((run, index) => {
    const id = run.group === undefined ? `alone ${index}` : `group ${run.group}`;
    const group = groups.get(id) ?? [];
    groups.set(id, group);
    group.push({ run, index, place: group.length });
  });
  return groups.values();
}
