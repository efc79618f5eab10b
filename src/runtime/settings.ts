/** What one replica can be told. Every value has a default; `resolveSettings` checks the rest. */
import { refuseField } from '../domain/field.ts';

export type RuntimeSettings = {
  /** Task attempts and provider calls that may be out at once; what waits for one holds nothing. */
  readonly permitsMax: number;
  /** Turns of one commit. */
  readonly turnsMax: number;
  /** Commits under way at once. */
  readonly batchesMax: number;
  /** Starts, sends and publishes that wait for their commit. */
  readonly arrivalsMax: number;
  /** Queued runs of one tenant, over which a start is refused; null: no quota. */
  readonly queuedRunsMax: number | null;
  /** Channels of one tenant; null: no quota. */
  readonly channelsMax: number | null;
  /** Memory entries of one tenant; null: no quota. */
  readonly memoryEntriesMax: number | null;
  /** How long a replica that has stopped keeps its shards. */
  readonly leaseMs: number;
  /** How often rows are looked at without a hint. */
  readonly pollMs: number;
  /**
   * Calls that wait, for each place at a provider, whose runs and prompts stay in memory; of all others
   * only their places in the line do.
   */
  readonly keptPerSlot: number;
  /**
   * Calls that wait for a slot, and tasks that wait for a permit or in a backoff, at once; past that no run
   * begins, and those that have begun go on.
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
