/**
 * Which runs a picture of very many draws: one of `every`, a power of two, by the last bits of their ids. They are
 * random, so that any replica, page and read of the past choose the same runs, and a run that is drawn stays drawn
 * while others come and go.
 */
import type { RunId } from './ids.ts';

/** Up to so many open runs all are drawn. */
const drawnAllMax = 5_000;
/** Beyond that, between half as many and so many: what a picture has room for. */
const drawnSomeMax = 680;
export const everyMax = 2 ** 20;

export function isDrawn(runId: RunId, every: number): boolean {
  return Number.parseInt(runId.slice(-8), 16) % every === 0;
}

/** How many runs one is drawn for. It stays as it is while that does: see `staysFor`. */
export function everyFor(open: number): number {
  if (open <= drawnAllMax) return 1;
  const wanted = 2 ** Math.ceil(Math.log2(open / drawnSomeMax));
  return Math.min(everyMax, wanted);
}

/** False when so many have come or gone that others are to be drawn. Between the bounds there is room to sway. */
export function staysFor(every: number, open: number): boolean {
  if (every === 1) return open <= drawnAllMax;
  const isFew = open < drawnAllMax * 0.8 || open / every < drawnSomeMax / 4;
  return !isFew && open / every <= drawnSomeMax * 1.5;
}
