/** Commands that move a run's life and not its chart: what a turn notes of them. */
import type { InboxRow } from '../../store/rows.ts';
import type { Draft } from './draft.ts';
import { isStop } from './family.ts';
import type { Incoming } from './incoming.ts';
import { isCommand } from './incoming-event.ts';

/** Takes the commands that came in; the last of them. A cancel is not taken here. */
export function noteCommands(draft: Draft, incoming: readonly Incoming[]): InboxRow | undefined {
  let last: InboxRow | undefined;
  for (const item of incoming) {
    if (item.kind !== 'inbox' || !isCommand(item.row) || isStop(item.row)) continue;
    last = item.row;
    draft.takenInbox.push(last.seq);
    if (last.kind === 'pause' || last.kind === 'resume') note(draft, last.kind, last.payloadText);
  }
  return last;
}

export function note(
  draft: Draft,
  kind: 'cancel' | 'pause' | 'resume',
  payloadText: string | null,
): void {
  draft.journal.push({ kind, reason: reasonOf(payloadText) });
}

export function reasonOf(payloadText: string | null): string {
  const reason: unknown = payloadText === null ? null : JSON.parse(payloadText);
  return typeof reason === 'string' ? reason : 'no reason given';
}
