/** Takes commands in a turn. They move the run's status and not its chart. */
import type { Draft } from './draft.ts';
import type { InboxRow } from '../../store/rows.ts';
import { isStop, pausedAfter, senderOf, tellChildren } from './family.ts';
import type { Incoming } from './incoming.ts';
import { isCommand } from './incoming-event.ts';

/**
 * Takes the commands that came in, except cancels, and says whether they leave the run paused, and why.
 * When they pause the run or let it go on, its children are told the same.
 */
export function noteCommands(
  draft: Draft,
  incoming: readonly Incoming[],
): { readonly paused: boolean; readonly reason: string | null } {
  const { from } = draft;
  const rows = incoming.flatMap((item) =>
    item.kind === 'inbox' && isCommand(item.row) && !isStop(item.row) ? [item.row] : [],
  );
  for (const row of rows) {
    draft.takenInbox.push(row.seq);
    if (row.kind === 'pause' || row.kind === 'resume') note(draft, row.kind, row);
  }
  const by = pausedAfter(from, rows);
  const paused = by.person || by.parent;
  const pause = rows.findLast(({ kind }) => kind === 'pause');
  if (rows.length > 0) {
    const { pausedBy: _, ...held } = draft.held;
    draft.held = paused ? { ...held, pausedBy: by } : held;
  }
  if (paused !== (from.status === 'paused')) {
    const word = paused ? pause : rows.at(-1);
    const reason = reasonOf(word?.payloadText ?? null);
    tellChildren(draft, paused ? 'pause' : 'resume', { reason, ...senderOf(word) });
  }
  return { paused, reason: pause === undefined ? from.reason : reasonOf(pause.payloadText) };
}

export function note(
  draft: Draft,
  kind: 'cancel' | 'pause' | 'resume',
  row: Pick<InboxRow, 'payloadText' | 'by'>,
): void {
  draft.journal.push({ kind, reason: reasonOf(row.payloadText), ...senderOf(row) });
}

export function reasonOf(payloadText: string | null): string {
  const reason: unknown = payloadText === null ? null : JSON.parse(payloadText);
  return typeof reason === 'string' ? reason : 'no reason given';
}
