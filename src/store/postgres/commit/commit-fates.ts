/**
 * The fates of a batch while it is being committed on Postgres: fates that follow from the batch alone,
 * turns that are left out together with another one, and the fates that the commit's row keeps.
 */
import type {
  Batch,
  GroupCursorMove,
  MemoryInsert,
  MemoryWriter,
  TurnCommit,
} from '../../batch.ts';
import { isSpent, judgeMarked, markedParts } from '../../requests/request-port.ts';
import { Fates, type FateOf, type PartFate, type PartKind } from '../../fates.ts';

export const runKey = (run: { readonly tenant: string; readonly runId: string }): string =>
  `${run.tenant}\u0000${run.runId}`;
export const memoryKey = (insert: MemoryInsert): string =>
  `${insert.tenant}\u0000${insert.scope}\u0000${insert.owner}\u0000${insert.key}`;
export const cursorKey = (tenant: string, move: GroupCursorMove): string =>
  `${tenant}\u0000${move.channel}\u0000${move.group}`;

const fenced = { kind: 'fenced' } as const;

/**
 * Fates that follow from the batch alone: parts whose shard has no epoch in it, and a run's second turn.
 */
export function newFates(batch: Batch): Fates {
  const { epochs } = batch;
  const fates = new Fates();
  const taken = new Set<string>();
  batch.turns.forEach((turn, index) => {
    const run = runKey(turn);
    if (!epochs.has(turn.shard)) fates.put('turns', index, fenced);
    else if (taken.has(run)) fates.put('turns', index, { kind: 'stale' });
    else taken.add(run);
  });
  const fence = (
    kind: 'statusChanges' | 'results' | 'settled',
    parts: readonly { readonly shard: number }[],
  ): void =>
    parts.forEach(({ shard }, index) => {
      if (!epochs.has(shard)) fates.put(kind, index, fenced);
    });
  fence('statusChanges', batch.statusChanges);
  fence('results', batch.results);
  fence('settled', batch.charges?.settled ?? []);
  batch.slots.forEach(({ call }, index) => {
    if (call !== null && !epochs.has(call.shard)) fates.put('slots', index, fenced);
  });
  judgeMarked(batch.arrivals, markedParts(batch.arrivals), fates, () => null);
  numberWithin(batch, fates);
  return fates;
}

/**
 * Numbers writes with `onAny`: each follows the batch's earlier writes of its entry, those of turns
 * first.
 */
function numberWithin({ turns, arrivals }: Batch, fates: Fates): void {
  if (arrivals.memory.length === 0) return;
  const newest = new Map<string, number>();
  for (const insert of turns.flatMap(({ memory }) => memory)) {
    newest.set(memoryKey(insert), insert.version);
  }
  arrivals.memory.forEach((insert, index) => {
    if (isSpent(fates.of('memory', index))) return;
    const key = memoryKey(insert);
    const before = newest.get(key);
    const isMoved = insert.onAny === true && before !== undefined;
    const version = isMoved ? before + 1 : insert.version;
    newest.set(key, version);
    if (version !== insert.version) fates.put('memory', index, { kind: 'renumbered', version });
  });
}

const writerKey = ({ runId, turn }: MemoryWriter): string => `${runId}\u0000${turn}`;

/**
 * Turns that are left out of a batch. A turn that stands on what one of them has written is left out
 * too. Ask in the batch's order, since a turn stands only on turns before it.
 */
export class LeftOut {
  readonly #turns = new Set<string>();

  add({ runId, expectedTurn }: TurnCommit): void {
    this.#turns.add(writerKey({ runId, turn: expectedTurn + 1 }));
  }

  /** The turn's conflict; null when all turns on which it stands take part. */
  conflict({ memory }: TurnCommit): FateOf['turns'] | null {
    if (this.#turns.size === 0) return null;
    const insert = memory.find(({ standsOn }) => standsOn && this.#turns.has(writerKey(standsOn)));
    if (insert === undefined) return null;
    const { key, version } = insert;
    return {
      kind: 'conflict',
      what: `memory ${key}: the writer of version ${version - 1} is left out`,
    };
  }
}

/** True when a turn takes part and stands on a turn that does not. */
export function hasLooseTurn(batch: Batch, fates: Fates): boolean {
  const own = fates.all('turns');
  if (own.size === 0) return false;
  const left = new LeftOut();
  return batch.turns.some((turn, index) => {
    if (!own.has(index)) return left.conflict(turn) !== null;
    left.add(turn);
    return false;
  });
}

/** The text for `commits.refused`: null nearly always. */
export function refusedText(fates: Fates): string | null {
  const list = fates.list();
  return list.length === 0 ? null : JSON.stringify(list);
}

/**
 * The form that heddle 0.1.0 has kept: for each kind a list by index, with null for a part that took
 * part, and the numbers of renumbered writes beside the fates of `memory`.
 */
type OldFates = {
  readonly [Kind in PartKind]?: readonly (FateOf[Kind] | null)[];
} & { readonly renumbered?: readonly (number | null)[] };

/** The fates in a commit's row, in the form of this version or of 0.1.0. */
export function keptFates(refused: string | null): Fates {
  if (refused === null) return new Fates();
  const kept = JSON.parse(refused) as readonly PartFate[] | OldFates;
  return isList(kept) ? new Fates(kept) : fromOld(kept);
}

const isList = (kept: readonly PartFate[] | OldFates): kept is readonly PartFate[] =>
  Array.isArray(kept);

function fromOld({ renumbered = [], ...lists }: OldFates): Fates {
  const fates = new Fates();
  renumbered.forEach((version, index) => {
    if (version !== null) fates.put('memory', index, { kind: 'renumbered', version });
  });
  for (const kind of Object.keys(lists) as PartKind[]) {
    lists[kind]?.forEach((fate, index) => {
      if (fate !== null) fates.put(kind, index, fate);
    });
  }
  return fates;
}
