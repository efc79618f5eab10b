/** Tells of each commit how many turns it carried: to the metrics of each server, while it lives. */
type Hear = (turns: number) => void;

export class CommitNews {
  readonly #heard = new Set<Hear>();

  /** Returns what ends it. */
  on(hear: Hear): () => void {
    this.#heard.add(hear);
    return () => void this.#heard.delete(hear);
  }

  committed(turns: number): void {
    for (const hear of this.#heard) hear(turns);
  }
}
