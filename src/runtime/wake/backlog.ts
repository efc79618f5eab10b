/**
 * Counts what waits on this replica: calls for slots, tasks for permits or in a backoff. Each run that
 * begins may add to these lines, so no run begins while there is no room.
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

  /** Counts this line from now on. */
  add(line: Line): void {
    this.#lines.push(line);
  }

  /** How many more may wait; negative when more wait than the bound allows. */
  get room(): number {
    let room = this.#max;
    for (const { waiting } of this.#lines) room -= waiting;
    return room;
  }
}
