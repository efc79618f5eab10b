/**
 * How much waits on this replica in lines of what is out (calls for slots, tasks for permits): each run
 * that begins may come to wait there too, so no run begins while there is no room.
 *
 * Owns the bound. Leaves to each line its own count.
 */
type Line = { readonly waiting: number };

export class Backlog {
  readonly #max: number;
  readonly #lines: Line[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** A line that counts, from here on. */
  add(line: Line): void {
    this.#lines.push(line);
  }

  /** So many more may wait; negative when more wait than may. */
  get room(): number {
    let room = this.#max;
    for (const { waiting } of this.#lines) room -= waiting;
    return room;
  }
}
