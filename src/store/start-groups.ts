/**
 * Finds the starts of a batch that ask for something else than the run that has their idempotency key.
 * Both stores use these rules: groups are judged in the order of the batch, each as if the groups before
 * it had started. A group that holds such a start is refused as a whole.
 */
import { heddleError } from '../domain/errors.ts';
import type { RunId } from '../domain/ids.ts';
import type { FateOf } from './fates.ts';
import type { StartArrival } from './rows.ts';

type Refused = Extract<FateOf['starts'], { kind: 'refused' }>;
/** Tenant and key, with a NUL between them. */
type StartKey = `${string}\u0000${string}`;
/** The run that has a key. `mark` stands for the agent and input of its start; null fits every start. */
type KeyHolder = { readonly runId: RunId; readonly mark: string | null };
/** Runs and keys that exist before the batch: the run that has a key, and the key of each run. */
export type Started = {
  readonly holders: Map<StartKey, KeyHolder>;
  /** By tenant and run. */
  readonly keys: Map<StartKey, string | null>;
};
type Item = { readonly run: StartArrival; readonly index: number; readonly place: number };

/** Returns the refused starts, by index in the batch. `skipped` starts take no part anyway. */
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

/** Returns why the group is refused, or null. Adds the runs of the group to `own`. */
function firstMisuse(
  items: readonly Item[],
  { before, own }: { readonly before: Started; readonly own: Started },
  markOf: (run: StartArrival) => string | null,
): Refused | null {
  for (const { run, place } of items) {
    const { tenant, runId, idempotencyKey } = run;
    const id: StartKey = `${tenant}\u0000${runId}`;
    const there = own.keys.has(id) ? own.keys : before.keys;
    // The run exists under another key, or under none: the start is answered with that run, and uses no
    // key.
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

/** A start without a group is a group of its own. `place` is the start's place in its group. */
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
