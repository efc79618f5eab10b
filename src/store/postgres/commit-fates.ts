/**
 * What becomes of each part of a batch while it is being committed: null as long as it takes part
 * in the transaction, its outcome once it was left out.
 */
import type {
  ArrivalOutcome,
  Batch,
  GroupCursorMove,
  MemoryInsert,
  SlotOutcome,
  TurnOutcome,
} from '../batch.ts';

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
};
export type PartKind = keyof Fates;

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
  };
}

/** What `commits.refused` keeps: null nearly always. */
export function refusedText(fates: Fates): string | null {
  const all = Object.values(fates) as readonly (readonly unknown[])[];
  return all.every((parts) => parts.every((fate) => fate === null)) ? null : JSON.stringify(fates);
}
