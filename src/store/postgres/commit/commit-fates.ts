/**
 * What becomes of each part of a batch while it is being committed: null as long as it takes part
 * in the transaction, its outcome once it was left out.
 */
import type {
  ArrivalOutcome,
  Batch,
  GroupCursorMove,
  MemoryInsert,
  MemoryWriter,
  SlotOutcome,
  TurnCommit,
  TurnOutcome,
} from '../../batch.ts';

export type Fates = {
  readonly turns: (TurnOutcome | null)[];
  readonly statusChanges: (TurnOutcome | null)[];
  readonly results: (TurnOutcome | null)[];
  readonly slots: (SlotOutcome | null)[];
  /** Of `charges`. */
  readonly settled: (TurnOutcome | null)[];
  readonly starts: (ArrivalOutcome | null)[];
  readonly inbox: (ArrivalOutcome | null)[];
  readonly messages: (ArrivalOutcome | null)[];
  readonly memory: (ArrivalOutcome | null)[];
  /** By index of `memory`: the version that a write `onAny` is given; null: the one that it names. */
  readonly renumbered: (number | null)[];
};
/** What may be left out. */
export type PartKind = Exclude<keyof Fates, 'renumbered'>;

export const runKey = (run: { readonly tenant: string; readonly runId: string }): string =>
  `${run.tenant}\u0000${run.runId}`;
export const memoryKey = (insert: MemoryInsert): string =>
  `${insert.tenant}\u0000${insert.scope}\u0000${insert.owner}\u0000${insert.key}`;
export const cursorKey = (tenant: string, move: GroupCursorMove): string =>
  `${tenant}\u0000${move.channel}\u0000${move.group}`;

/** What the batch itself decides: shards that it names no epoch for, a run's second turn. */
export function newFates(batch: Batch): Fates {
  const { epochs, arrivals } = batch;
  const taken = new Set<string>();
  const unheld = ({ shard }: { readonly shard: number }): TurnOutcome | null =>
    epochs.has(shard) ? null : { kind: 'fenced' };
  const none = (parts: readonly unknown[]): null[] => parts.map(() => null);
  return {
    turns: batch.turns.map((turn) => {
      if (!epochs.has(turn.shard)) return { kind: 'fenced' };
      const run = runKey(turn);
      if (taken.has(run)) return { kind: 'stale' };
      taken.add(run);
      return null;
    }),
    statusChanges: batch.statusChanges.map(unheld),
    results: batch.results.map(unheld),
    slots: batch.slots.map(({ call }) => (call === null ? null : unheld(call))),
    settled: (batch.charges?.settled ?? []).map(unheld),
    starts: none(arrivals.starts),
    inbox: none(arrivals.inbox),
    messages: none(arrivals.messages),
    memory: none(arrivals.memory),
    renumbered: numbersWithin(batch),
  };
}

/** Several writes `onAny` of one entry follow each other, and the turns that write it before them. */
function numbersWithin({ turns, arrivals }: Batch): (number | null)[] {
  if (arrivals.memory.length === 0) return [];
  const newest = new Map<string, number>();
  for (const insert of turns.flatMap(({ memory }) => memory)) {
    newest.set(memoryKey(insert), insert.version);
  }
  return arrivals.memory.map((insert) => {
    const key = memoryKey(insert);
    const before = newest.get(key);
    const isMoved = insert.onAny === true && before !== undefined;
    const version = isMoved ? before + 1 : insert.version;
    newest.set(key, version);
    return version === insert.version ? null : version;
  });
}

const writerKey = ({ runId, turn }: MemoryWriter): string => `${runId}\u0000${turn}`;

/**
 * Turns that are left out of a batch, and those that stand on what they have written: these are left
 * out with them. Asked in the batch's order, since a turn stands only on turns before it.
 */
export class LeftOut {
  readonly #turns = new Set<string>();

  add({ runId, expectedTurn }: TurnCommit): void {
    this.#turns.add(writerKey({ runId, turn: expectedTurn + 1 }));
  }

  /** Null when all that the turn stands on takes part. */
  conflict({ memory }: TurnCommit): TurnOutcome | null {
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

/** True when a turn takes part that stands on one which does not. */
export function hasLooseTurn(batch: Batch, fates: Fates): boolean {
  if (fates.turns.every((fate) => fate === null)) return false;
  const left = new LeftOut();
  return batch.turns.some((turn, index) => {
    if (fates.turns[index] === null) return left.conflict(turn) !== null;
    left.add(turn);
    return false;
  });
}

/** What `commits.refused` keeps: null nearly always. */
export function refusedText(fates: Fates): string | null {
  const all = Object.values(fates) as readonly (readonly unknown[])[];
  return all.every((parts) => parts.every((fate) => fate === null)) ? null : JSON.stringify(fates);
}
