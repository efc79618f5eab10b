/**
 * When a run's state is kept beside its row: every `checkpointTurns` turns, and sooner when the journal grows
 * by large turns. It costs nothing in between: the turn's number is known, and only large turns are counted,
 * in the run's notes.
 */
import { limits } from '../../domain/limits.ts';
import { without, type Held } from './held.ts';

export type Checkpoint = { readonly isDue: boolean; readonly held: Held };

/** `before`: the notes from before the turn, `held` those after it. */
export function checkpointAt(
  turn: number,
  journalChars: number,
  { before, held }: { readonly before: Held; readonly held: Held },
): Checkpoint {
  const counted = before.journalChars ?? 0;
  const isLarge = journalChars >= limits.checkpointLineCharsMin;
  const chars = isLarge ? counted + journalChars : counted;
  const isDue = turn % limits.checkpointTurns === 0 || chars >= limits.checkpointCharsMax;
  if (isDue) return { isDue, held: without(held, 'journalChars') as Held };
  return { isDue, held: isLarge ? { ...held, journalChars: chars } : held };
}
