/** How many calls wait, of the lengths of all lines: a call that may go through several gates stands in line for each. */
export function waitingWords(lines: readonly number[]): string {
  const least = Math.max(0, ...lines);
  const most = lines.reduce((sum, length) => sum + length, 0);
  return least === most ? String(most) : `${least} to ${most}`;
}
