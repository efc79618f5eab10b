/**
 * Names one question for ever: the run, the invocation that asks, and which start of it. An answer carries
 * this name, so that it cannot be taken as the answer to a later question of the same invocation id.
 */
import type { RunId } from './ids.ts';

export type AskAddress = {
  readonly runId: RunId;
  readonly invocationId: string;
  readonly incarnation: number;
};

export function askIdOf({ runId, invocationId, incarnation }: AskAddress): string {
  return `${runId}:${invocationId}:${incarnation}`;
}

/** Null when the text is not the name of a question of this run. */
export function parseAskId(runId: RunId, text: string): AskAddress | null {
  const end = text.lastIndexOf(':');
  const begin = runId.length + 1;
  if (end <= begin || !text.startsWith(`${runId}:`)) return null;
  const number = text.slice(end + 1);
  if (!/^\d{1,9}$/.test(number)) return null;
  return { runId, invocationId: text.slice(begin, end), incarnation: Number(number) };
}
