/** Which states of a chart are active, from a state value as XState has it. */

/** The root and all active states below it, by their places. */
export function activePlaces(root: string, value: unknown): ReadonlySet<string> {
  const places = new Set([root]);
  const walk = (at: string, below: unknown): void => {
    if (typeof below === 'string') {
      places.add(`${at}.${below}`);
      return;
    }
    if (typeof below !== 'object' || below === null) return;
    for (const [key, rest] of Object.entries(below)) {
      places.add(`${at}.${key}`);
      walk(`${at}.${key}`, rest);
    }
  };
  walk(root, value);
  return places;
}
