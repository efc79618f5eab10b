/** Several emulators that are started, set and counted together. Each has a log of its slots. */
import { startEmulator, type Emulator, type EmulatorOptions } from './emulator.ts';
import type { OutageKind } from './script.ts';
import { machineMs, SlotLog, type SlotChanges } from './slot-log.ts';
import type { EmulatorStats } from './tally.ts';

/** Plain data, so that it can be sent to another process. */
export type GroupMember = Omit<EmulatorOptions, 'answer' | 'onSlot'>;

export type GroupOutage = {
  /** The emulator's index in the group. */
  readonly member: number;
  readonly kind: OutageKind;
  /** Counted from now. */
  readonly inMs: number;
  readonly forMs: number;
};

/** The changes of each member, by its index; complete up to `untilMs`. */
export type GroupSlots = {
  readonly untilMs: number;
  readonly changes: readonly SlotChanges[];
};

type Started = { readonly emulator: Emulator; readonly log: SlotLog };

export class EmulatorGroup {
  readonly #members: readonly Started[];

  private constructor(members: readonly Started[]) {
    this.#members = members;
  }

  /** Starts all of them or none: when one fails to start, those that have started are closed. */
  static async start(members: readonly GroupMember[]): Promise<EmulatorGroup> {
    const started: Started[] = [];
    try {
      for (const member of members) {
        const log = new SlotLog();
        started.push({ emulator: await startEmulator({ ...member, onSlot: log.note }), log });
      }
    } catch (error) {
      await new EmulatorGroup(started).close();
      throw error;
    }
    return new EmulatorGroup(started);
  }

  get urls(): readonly string[] {
    return this.#members.map(({ emulator }) => emulator.url);
  }

  stats(): readonly EmulatorStats[] {
    return this.#members.map(({ emulator }) => emulator.stats());
  }

  get hasSlotChanges(): boolean {
    return this.#members.some(({ log }) => !log.isEmpty);
  }

  takeSlots(): GroupSlots {
    const changes = this.#members.map(({ log }) => log.take());
    return { untilMs: machineMs(), changes };
  }

  /** Replaces the outages that were set before; one that is under way ends. */
  async setOutages(outages: readonly GroupOutage[]): Promise<void> {
    const settings = this.#members.map(async ({ emulator }, at) => {
      const nowMs = Math.ceil(emulator.stats().elapsedMs);
      const windows = outages
        .filter(({ member }) => member === at)
        .map(({ kind, inMs, forMs }) => {
          return { kind, fromMs: nowMs + inMs, toMs: nowMs + inMs + forMs };
        });
      await emulator.set({ outages: windows });
    });
    await Promise.all(settings);
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map(({ emulator }) => emulator.close()));
  }
}
