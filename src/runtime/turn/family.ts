/**
 * The messages of a turn to its run's parent and children: rows for their inboxes, which its commit
 * writes.
 *
 * It owns the shape of these rows. `begin-invocation.ts` starts a child, and `incoming-event.ts`
 * makes the event for the chart that takes a row.
 *
 * 1. Nothing is sent before the commit: a draft that is dropped has sent nothing.
 */
import type { Effect } from '../../domain/effect.ts';
import type { Sender } from '../../domain/event.ts';
import { heddleError, type ErrorRecord } from '../../domain/errors.ts';
import { asRunId } from '../../domain/ids.ts';
import type { Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import type { InboxRow, NewRun } from '../../store/rows.ts';
import type { Draft } from './draft.ts';
import { noted, type HeldChild, type PausedBy } from './held.ts';
import type { HotRun } from './hot-run.ts';

/** Puts a row into the inbox of a child or of the parent, which are of the run's own tenant. */
function send(
  draft: Draft,
  to: Pick<HeldChild, 'runId' | 'shard'>,
  row: Pick<InboxRow, 'kind' | 'ref' | 'by'> & { readonly payload: Json | object },
): void {
  const { tenant } = draft.from.run;
  const { kind, ref, payload } = row;
  const payloadText = JSON.stringify(payload);
  const at = { tenant, runId: asRunId(to.runId), shard: to.shard };
  draft.inbox.push({ ...at, kind, ref, payloadText, key: null, ...senderOf(row) });
}

/** Who has sent the row, for what is made of it. */
export function senderOf(row: Sender | undefined): Sender {
  return row?.by === undefined ? {} : { by: row.by };
}

/** An event that the chart sends to its parent or to a child by its invocation's id. */
export function sendEvent(draft: Draft, effect: Extract<Effect, { kind: 'send' }>): void {
  const { parent } = draft.from.run;
  // A run that was started from outside has no parent; XState drops such an event too.
  const to = effect.to === 'parent' ? parent : noted(draft.held.children, effect.to.child);
  if (to) send(draft, to, { kind: 'event', ref: null, payload: effect.event });
}

/**
 * How a child ends with its invocation. `stop`: in order, as a live actor is stopped, so that it takes
 * what its parent sent before. `cancel`: at once, because a person has ended the parent.
 */
export type ChildEnd = 'stop' | 'cancel';

/**
 * The `ref` of the commands and the `start` row that a parent sends; a person's command has none. What
 * the parent sent before such a cancel still counts.
 */
const byParent = 'parent';

/** True for a cancel that is taken in order, behind what the parent has sent before. */
export function isStop({ kind, ref }: InboxRow): boolean {
  return kind === 'cancel' && ref === byParent;
}

/** The child's invocation is over, so the child ends: its parent does not wait for it any more. */
export function endChild(draft: Draft, child: HeldChild, how: ChildEnd): void {
  const ref = how === 'stop' ? byParent : null;
  send(draft, child, { kind: 'cancel', ref, payload: 'its parent went on without it' });
}

/** A person or the parent has paused or resumed the run: its children are told the same. */
export function tellChildren(
  draft: Draft,
  kind: 'pause' | 'resume',
  { reason, ...sender }: Sender & { readonly reason: string },
): void {
  const payload = `with its parent: ${reason}`.slice(0, reasonCharsMax);
  for (const child of Object.values(draft.held.children)) {
    send(draft, child, { kind, ref: byParent, payload, ...sender });
  }
}

/** Each generation puts words before the reason; this bound keeps it from growing without end. */
const reasonCharsMax = 1_000;

/**
 * Whether a person, the parent or both hold the run paused after these commands. A parent's resume
 * leaves a person's pause. A person's resume ends both, because the person means this very run.
 */
export function pausedAfter({ status, held }: HotRun, commands: readonly InboxRow[]): PausedBy {
  const nobody: PausedBy = { person: false, parent: false };
  let by = status === 'paused' ? (held.pausedBy ?? { person: true, parent: false }) : nobody;
  for (const row of commands) {
    const { kind, ref } = row;
    const whose = ref === byParent ? 'parent' : 'person';
    const { by: _, ...others } = by;
    // The reason that the run shows is the last pause's too.
    if (kind === 'pause') by = { ...others, [whose]: true, ...senderOf(row) };
    if (kind === 'resume') by = whose === 'parent' ? { ...by, parent: false } : nobody;
  }
  return by;
}

/** How many parents stand above a child that this run starts. Throws beyond the bound. */
export function nextGeneration({ from: { run }, held }: Draft): number {
  const generation = (held.generation ?? (run.parent === null ? 0 : 1)) + 1;
  if (generation > limits.generationsMax) {
    throw heddleError('family-too-deep', { max: limits.generationsMax });
  }
  return generation;
}

/**
 * A child's row says that it has a parent. When more runs stand above it, a row in its inbox says how
 * many.
 */
export function tellGeneration(draft: Draft, child: NewRun, generation: number): void {
  if (generation >= 2) send(draft, child, { kind: 'start', ref: byParent, payload: generation });
}

/** The number that `tellGeneration` has sent, if it has sent one. */
export function generationIn(rows: readonly InboxRow[]): { readonly generation?: number } {
  const row = rows.find(({ kind, ref }) => kind === 'start' && ref === byParent);
  return row === undefined ? {} : { generation: Number(row.payloadText) };
}

/** The run has ended: its parent, if it has one, takes this as its invocation's outcome. */
export function tellParent(
  draft: Draft,
  outcome: { output: Json | undefined; error: ErrorRecord | null },
): void {
  const { parent, runId, agent } = draft.from.run;
  if (parent === null) return;
  const { invocationId: ref, incarnation } = parent;
  send(draft, parent, { kind: 'child', ref, payload: { incarnation, ...outcome, runId, agent } });
}
