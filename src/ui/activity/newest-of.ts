/** Of names that end in an id which grows with time, the one that was given last. */
const idChars = 36;

export function newestOf(names: readonly string[]): string | null {
  const newest = names.toSorted((a, b) => (a.slice(-idChars) < b.slice(-idChars) ? 1 : -1));
  return newest[0] ?? null;
}
