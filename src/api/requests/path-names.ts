/**
 * Names in paths. Clients cannot write `.` and `..` as words of a path, for all of them take these for places, however
 * they are encoded. So `~.` and `~..` stand for them, `~~.` for the name `~.`, and so on; other names stand for themselves.
 */

const isMarked = (name: unknown): name is string =>
  typeof name === 'string' && /^~+\.{1,2}$/.test(name);

export function plainNames(params: unknown): unknown {
  if (typeof params !== 'object' || params === null) return params;
  return Object.fromEntries(
    Object.entries(params).map(([key, name]) => [key, isMarked(name) ? name.slice(1) : name]),
  );
}
