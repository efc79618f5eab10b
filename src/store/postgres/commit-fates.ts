/**
 * What becomes of each part of a batch while it is being committed: null as long as it takes part
 * in the transaction, its outcome once it was left out.
 *
 * Invariants:
 * 1. A fate is set once; each pass over the batch has fewer parts than the one before.
 * 2. What stands on a part that was left out (the next version of its memory entry, the next move
 *    of its group's cursor) is left out too: it was computed from what never came to be.
 */
import { heddleError } from '../../domain/errors.ts';
import type {
  ArrivalOutcome,
  Batch,
  GroupCursorMove,
  MemoryInsert,
  TurnOutcome,
} from '../batch.ts';

export type Fates = {
  readonly turns: (TurnOutcome | null)[];
  readonly statusChanges: (TurnOutcome | null)[];
  readonly starts: (ArrivalOutcome | null)[];
  readonly inbox: (ArrivalOutcome | null)[];
  readonly messages: (ArrivalOutcome | null)[];
  readonly memory: (ArrivalOutcome | null)[];
};
export type PartKind = keyof Fates;

export function newFates(batch: Batch): Fates {
  const { epochs, arrivals } = batch;
  const taken = new Set<string>();
  const none = (parts: readonly unknown[]): null[] => parts.map(() => null);
  return {
    turns: batch.turns.map((turn) => {
      if (!epochs.has(turn.shard)) return { kind: 'fenced' };
      const run = `${turn.tenant}\u0000${turn.runId}`;
      if (taken.has(run)) return { kind: 'stale' };
      taken.add(run);
      return null;
    }),
    statusChanges: batch.statusChanges.map(({ shard }) =>
      epochs.has(shard) ? null : { kind: 'fenced' },
    ),
    starts: none(arrivals.starts),
    inbox: none(arrivals.inbox),
    messages: none(arrivals.messages),
    memory: none(arrivals.memory),
  };
}

/** What `commits.refused` keeps: null nearly always. */
export function refusedText(fates: Fates): string | null {
  const all = Object.values(fates) as readonly (readonly unknown[])[];
  return all.every((parts) => parts.every((fate) => fate === null)) ? null : JSON.stringify(fates);
}

export const memoryKey = (insert: MemoryInsert): string =>
  `${insert.tenant}\u0000${insert.scope}\u0000${insert.owner}\u0000${insert.key}`;
export const cursorKey = (tenant: string, move: GroupCursorMove): string =>
  `${tenant}\u0000${move.channel}\u0000${move.group}`;

export function memoryConflict(insert: MemoryInsert, actual: number): TurnOutcome {
  const what = `memory ${insert.key} is at version ${actual}, not ${insert.version - 1}`;
  return { kind: 'conflict', what };
}

export function cursorConflict(move: GroupCursorMove, actual: number | null): TurnOutcome {
  const at = actual ?? 'no cursor';
  return {
    kind: 'conflict',
    what: `group ${move.group} of ${move.channel} is at ${at}, not ${move.from}`,
  };
}

export function memoryRefusal(insert: MemoryInsert, actual: number): ArrivalOutcome {
  const detail = { key: insert.key, actual, expected: insert.version - 1 };
  return { kind: 'refused', error: heddleError('memory-conflict', detail).toJSON() };
}

/** Whether two parts write one memory entry or move one group's cursor: seldom, and then it costs. */
export function hasChains(batch: Batch): boolean {
  const keys = new Set<string>();
  let count = 0;
  for (const { tenant, memory, groupCursors } of batch.turns) {
    for (const insert of memory) keys.add(memoryKey(insert));
    for (const move of groupCursors) keys.add(`cursor ${cursorKey(tenant, move)}`);
    count += memory.length + groupCursors.length;
  }
  for (const insert of batch.arrivals.memory) keys.add(memoryKey(insert));
  return keys.size < count + batch.arrivals.memory.length;
}

/** Leaves out what does not follow within the batch itself (invariant 2). */
export function settleChains(batch: Batch, fates: Fates): void {
  const chains = new Chains();
  batch.turns.forEach((turn, index) => {
    if (turn.memory.length === 0 && turn.groupCursors.length === 0) return;
    if ((fates.turns[index] ?? null) === null) {
      const conflict =
        chains.memoryConflict(turn.memory) ?? chains.cursorConflict(turn.tenant, turn.groupCursors);
      if (conflict !== null) fates.turns[index] = conflict;
    }
    const kept = (fates.turns[index] ?? null) === null;
    chains.add(turn.tenant, turn.memory, turn.groupCursors, kept);
  });
  batch.arrivals.memory.forEach((insert, index) => {
    if ((fates.memory[index] ?? null) === null) {
      const actual = chains.actual(insert);
      if (actual !== null) fates.memory[index] = memoryRefusal(insert, actual);
    }
    chains.add(insert.tenant, [insert], [], (fates.memory[index] ?? null) === null);
  });
}

/** `newest` and `cursor` are what kept parts lead to; the others are where dropped ones began. */
class Chains {
  private readonly newest = new Map<string, number>();
  private readonly droppedVersions = new Map<string, number>();
  private readonly cursor = new Map<string, number>();
  private readonly droppedMoves = new Map<string, number | null>();

  /** The version that the entry is at within this batch, when the insert does not follow it. */
  actual(insert: MemoryInsert): number | null {
    const key = memoryKey(insert);
    const newest = this.newest.get(key);
    if (newest !== undefined) return insert.version === newest + 1 ? null : newest;
    const dropped = this.droppedVersions.get(key);
    return dropped === undefined || insert.version <= dropped ? null : dropped - 1;
  }

  memoryConflict(inserts: readonly MemoryInsert[]): TurnOutcome | null {
    const own = new Map<string, number>();
    for (const insert of inserts) {
      const key = memoryKey(insert);
      const before = own.get(key);
      own.set(key, insert.version);
      const actual =
        before === undefined ? this.actual(insert) : insert.version === before + 1 ? null : before;
      if (actual !== null) return memoryConflict(insert, actual);
    }
    return null;
  }

  cursorConflict(tenant: string, moves: readonly GroupCursorMove[]): TurnOutcome | null {
    const own = new Map<string, number>();
    for (const move of moves) {
      const key = cursorKey(tenant, move);
      const at = own.get(key) ?? this.cursor.get(key);
      own.set(key, move.to);
      if (at !== undefined && at !== move.from) return cursorConflict(move, at);
      const dropped = this.droppedMoves.get(key);
      if (at === undefined && dropped !== undefined && dropped !== move.from) {
        return cursorConflict(move, dropped);
      }
    }
    return null;
  }

  add(
    tenant: string,
    inserts: readonly MemoryInsert[],
    moves: readonly GroupCursorMove[],
    kept: boolean,
  ): void {
    for (const insert of inserts) {
      const key = memoryKey(insert);
      if (kept) this.newest.set(key, insert.version);
      else if (!this.droppedVersions.has(key)) this.droppedVersions.set(key, insert.version);
    }
    for (const move of moves) {
      const key = cursorKey(tenant, move);
      if (kept) this.cursor.set(key, move.to);
      else if (!this.droppedMoves.has(key)) this.droppedMoves.set(key, move.from);
    }
  }
}
