/**
 * The settings of one replica. Every one has a default; `resolveSettings` checks those that are given.
 */
import { refuseField } from '../domain/field.ts';

/** The settings of one replica. Each has a default. */
export type RuntimeSettings = {
  /** How many task attempts and provider calls may be out at once. Those that wait hold no permit. */
  readonly permitsMax: number;
  /** How many turns one commit may hold. */
  readonly turnsMax: number;
  /** How many commits may be under way at once. */
  readonly batchesMax: number;
  /** How many starts, sends, publishes and memory writes may wait for their commit. */
  readonly arrivalsMax: number;
  /** How many runs of one tenant may be queued; a start beyond that is refused. Null: no quota. */
  readonly queuedRunsMax: number | null;
  /** How many channels one tenant may have; null: no quota. */
  readonly channelsMax: number | null;
  /** How many memory entries one tenant may have; null: no quota. */
  readonly memoryEntriesMax: number | null;
  /** How long a replica that has stopped keeps its shards. */
  readonly leaseMs: number;
  /** How often rows are looked at without a hint. */
  readonly pollMs: number;
  /**
   * How many waiting calls, for each slot of a provider, keep their prompts and runs in memory. Of all
   * other waiting calls only the places in the line are kept.
   */
  readonly keptPerSlot: number;
  /**
   * How many calls may wait for a slot, and tasks for a permit or in a backoff, counted together. Beyond
   * that no run begins; runs that have begun go on.
   */
  readonly waitingCallsMax: number;
  /** Ended runs older than this are deleted; null keeps them. */
  readonly retainMs: number | null;
};

const defaultSettings: RuntimeSettings = {
  permitsMax: 1_000,
  turnsMax: 500,
  batchesMax: 2,
  arrivalsMax: 100_000,
  queuedRunsMax: null,
  channelsMax: null,
  memoryEntriesMax: null,
  leaseMs: 4_000,
  pollMs: 2_000,
  keptPerSlot: 2,
  waitingCallsMax: 100_000,
  retainMs: null,
};

const lowest: Readonly<Record<keyof RuntimeSettings, number>> = {
  permitsMax: 1,
  turnsMax: 1,
  batchesMax: 1,
  arrivalsMax: 1,
  queuedRunsMax: 1,
  channelsMax: 1,
  memoryEntriesMax: 1,
  leaseMs: 500,
  pollMs: 10,
  keptPerSlot: 0,
  waitingCallsMax: 1,
  retainMs: 0,
};

const mayBeNull = ['queuedRunsMax', 'channelsMax', 'memoryEntriesMax', 'retainMs'];

export function resolveSettings(given: Partial<RuntimeSettings> = {}): RuntimeSettings {
  for (const [name, value] of Object.entries(given)) {
    const min = (lowest as Readonly<Record<string, number | undefined>>)[name];
    if (min === undefined) {
      refuseField(`settings.${name}`, `is unknown; known are ${Object.keys(lowest).join(', ')}`);
    }
    if (value === null && mayBeNull.includes(name)) continue;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min) {
      refuseField(`settings.${name}`, `must be a whole number of at least ${min}`);
    }
  }
  return { ...defaultSettings, ...given };
}
