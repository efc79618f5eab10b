/**
 * Which run woke which, as journals tell it: a turn that took a message names it, and its id names the run that
 * published it and that run's turn.
 */
import type { Turn, TurnEntry } from '../../../client/index.ts';

export type Wake = {
  readonly runId: string;
  /** The run that published the message. */
  readonly byRunId: string;
  readonly atMs: number;
};

/** A message of a run is named `<run>:<turn>:<n>`; others come from outside. */
const publisherOf = (messageId: string): string | null =>
  /^([0-9a-f-]{36}):\d+:\d+$/.exec(messageId)?.[1] ?? null;

type Carrier = { readonly messages?: readonly { readonly messageId?: unknown }[] };

/** What a subscription was given; what the run itself has published stands there too, without `messages`. */
function idsGiven({ output, event }: TurnEntry): readonly string[] {
  return [output, event].flatMap((given) => {
    const messages = (given as Carrier | null | undefined)?.messages;
    if (!Array.isArray(messages)) return [];
    return messages.flatMap(({ messageId }: { readonly messageId?: unknown }) =>
      typeof messageId === 'string' ? [messageId] : [],
    );
  });
}

export function wakesIn(runId: string, turns: readonly Turn[]): readonly Wake[] {
  return turns.flatMap(({ atMs, entries }) => {
    const publishers = entries.flatMap(idsGiven).map(publisherOf);
    const others = publishers.filter((one) => one !== null && one !== runId);
    return [...new Set(others)].map((byRunId) => ({ runId, byRunId: byRunId as string, atMs }));
  });
}
