/**
 * The times at which an emulator's slots were taken and given back, kept until they are fetched.
 * They are read in another process, so they are read from the machine's monotonic clock, which all
 * processes share and which is never set.
 */
export type SlotChanges = {
  readonly atMs: Float64Array;
  /** 1: a slot was taken; -1: one was given back. */
  readonly by: Int8Array;
};

export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export class SlotLog {
  #atMs: number[] = [];
  #by: number[] = [];

  readonly note = (by: 1 | -1): void => {
    this.#atMs.push(machineMs());
    this.#by.push(by);
  };

  get isEmpty(): boolean {
    return this.#by.length === 0;
  }

  take(): SlotChanges {
    const changes = { atMs: Float64Array.from(this.#atMs), by: Int8Array.from(this.#by) };
    this.#atMs = [];
    this.#by = [];
    return changes;
  }
}
