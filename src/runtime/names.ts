/**
 * One text for all that are alike: rows bring a new one each, and a hundred thousand calls that wait
 * would hold as many copies of the names of a few tenants, users and models.
 *
 * Owns at most `namesMax` texts; then it begins anew, and what is held stays as it is.
 */
const namesMax = 10_000;

export class Names {
  readonly #known = new Map<string, string>();
  readonly #lists = new Map<string, readonly string[]>();

  one<Name extends string | undefined>(name: Name): Name {
    if (name === undefined) return name;
    const known = this.#known.get(name);
    if (known !== undefined) return known as Name;
    if (this.#known.size >= namesMax) this.#known.clear();
    this.#known.set(name, name);
    return name;
  }

  list(names: readonly string[] | undefined): readonly string[] | undefined {
    if (names === undefined) return undefined;
    const key = names.join('\n');
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    if (this.#lists.size >= namesMax) this.#lists.clear();
    this.#lists.set(key, names);
    return names;
  }
}
