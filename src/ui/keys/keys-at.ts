/** The run that the keys are at, while rows come and go around it. */

/** `id` null: nobody has moved them yet, and they are at the first row, whichever that is. */
export type KeysAt = { readonly id: string | null; readonly place: number };

/** Where the run is that the keys are at; where it is not there any more, the row that stands in its place. */
export function placeOf({ id, place }: KeysAt, rows: readonly { readonly id: string }[]): number {
  const nearest = Math.max(0, Math.min(rows.length - 1, place));
  if (id === null || rows[nearest]?.id === id) return nearest;
  const found = rows.findIndex((row) => row.id === id);
  return found < 0 ? nearest : found;
}
