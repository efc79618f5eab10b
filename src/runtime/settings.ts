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
  /** How many bytes of images one tenant may have before `storeImage` is refused. */
  readonly imageBytesMax: number;
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

type Bounds<Value> = { readonly default: Value; readonly min: number };

const known: { readonly [Name in keyof RuntimeSettings]: Bounds<RuntimeSettings[Name]> } = {
  permitsMax: { default: 1_000, min: 1 },
  turnsMax: { default: 500, min: 1 },
  batchesMax: { default: 2, min: 1 },
  arrivalsMax: { default: 100_000, min: 1 },
  queuedRunsMax: { default: null, min: 1 },
  channelsMax: { default: null, min: 1 },
  memoryEntriesMax: { default: null, min: 1 },
  imageBytesMax: { default: 10_737_418_240, min: 1 },
  leaseMs: { default: 4_000, min: 500 },
  pollMs: { default: 2_000, min: 10 },
  keptPerSlot: { default: 2, min: 0 },
  waitingCallsMax: { default: 100_000, min: 1 },
  retainMs: { default: null, min: 0 },
};
const bounds: Readonly<Record<string, Bounds<number | null> | undefined>> = known;

const defaults = Object.fromEntries(
  Object.entries(known).map(([name, { default: value }]) => [name, value]),
) as RuntimeSettings;

export function resolveSettings(given: Partial<RuntimeSettings> = {}): RuntimeSettings {
  for (const [name, value] of Object.entries(given)) {
    const of = bounds[name];
    if (of === undefined) {
      refuseField(`settings.${name}`, `is unknown; known are ${Object.keys(known).join(', ')}`);
    }
    // A setting may be null exactly if that is its default.
    if (value === null && of.default === null) continue;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < of.min) {
      refuseField(`settings.${name}`, `must be a whole number of at least ${of.min}`);
    }
  }
  return { ...defaults, ...given };
}
