/** What the page reads for the turn that it shows, and in which order. */

export const pageTurns = 200;
/** So near to the end of its window, a key that is held is in the next one before a second is over. */
const nearTurns = 32;

/** The window that a turn stands in. */
export const pageOf = (turn: number): number => Math.floor((turn - 1) / pageTurns);

export type Read =
  | { readonly kind: 'page'; readonly page: number }
  | { readonly kind: 'snapshot'; readonly turn: number };

export const nameOf = (read: Read): string =>
  read.kind === 'page' ? `page ${read.page}` : `snapshot ${read.turn}`;

/**
 * The most urgent first: what is shown, then the windows and the snapshots beside it. The turn's own window comes first,
 * because it says where the turn led; a snapshot adds the context.
 */
export function wantedFor(turn: number, last: number): readonly Read[] {
  const page = pageOf(turn);
  const place = (turn - 1) % pageTurns;
  const isEarly = place < pageTurns / 2;
  const [near, far] = isEarly ? [page - 1, page + 1] : [page + 1, page - 1];
  const isNear = (isEarly ? place : pageTurns - 1 - place) < nearTurns;
  const windowOf = (n: number): Read[] =>
    n < 0 || n > pageOf(last) ? [] : [{ kind: 'page', page: n }];
  const snapshotOf = (n: number): Read[] =>
    n < 1 || n > last ? [] : [{ kind: 'snapshot', turn: n }];
  return [
    ...windowOf(page),
    ...(isNear ? windowOf(near) : []),
    ...snapshotOf(turn),
    ...snapshotOf(turn - 1),
    ...(isNear ? [] : windowOf(near)),
    ...snapshotOf(turn + 1),
    ...snapshotOf(turn + 2),
    ...windowOf(far),
  ];
}
