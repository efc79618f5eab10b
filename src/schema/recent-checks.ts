/**
 * The checks that were made of the newest schemas, by the schema's text. Schemas come from charts, so there are few
 * of them; a chart that makes a new one for each question must not fill the memory.
 */
const checksMax = 256;
const charsMax = 4_194_304;

export class RecentChecks<Check> {
  readonly #checks = new Map<string, Check>();
  #chars = 0;

  get size(): number {
    return this.#checks.size;
  }

  get(text: string): Check | undefined {
    const check = this.#checks.get(text);
    if (check === undefined) return undefined;
    // Last in the map's order is newest.
    this.#checks.delete(text);
    this.#checks.set(text, check);
    return check;
  }

  add(text: string, check: Check): Check {
    const known = this.get(text);
    if (known !== undefined) return known;
    this.#checks.set(text, check);
    this.#chars += text.length;
    for (const oldest of this.#checks.keys()) {
      if (this.#checks.size <= checksMax && this.#chars <= charsMax) break;
      this.#checks.delete(oldest);
      this.#chars -= oldest.length;
    }
    return check;
  }
}
