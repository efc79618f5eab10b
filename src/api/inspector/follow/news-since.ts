/** What a run did since a turn, as far as it is told: its newest events, and its state after the last of them. */
import type { JournalEntry } from '../../../domain/event.ts';
import type { RunId } from '../../../domain/ids.ts';
import type { OneTenant } from '../../../domain/scope.ts';
import type { Live } from '../../../library/live/live.ts';
import type { RunLogRead, RunState } from '../../../store/watch-port.ts';

const eventsMax = 5;
export const pageTurns = 200;

type Place = { readonly scope: OneTenant; readonly runId: RunId; readonly turn: number };
type Happened = { readonly entry: JournalEntry; readonly atMs: number };

export function readOf({ scope, runId, turn }: Place, limit: number): RunLogRead {
  return { scope, runId, afterTurn: turn, limit };
}

/** `first`: the page after that turn. `leftOut`: how many events came before the newest ones. */
export async function newsSince(reads: Live['reads'], place: Place, first: RunState) {
  const newest: Happened[] = [];
  let leftOut = 0;
  for (let state = first; ;) {
    const { rows } = state;
    for (const { entriesText, atMs } of rows) {
      for (const entry of JSON.parse(entriesText) as readonly JournalEntry[]) {
        newest.push({ entry, atMs });
      }
    }
    const over = Math.max(0, newest.length - eventsMax);
    newest.splice(0, over);
    leftOut += over;
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageTurns) return { newest, leftOut, state };
    const [next = null] = await reads.runStates([readOf({ ...place, turn: last.turn }, pageTurns)]);
    if (next === null) return { newest, leftOut, state };
    state = next;
  }
}
