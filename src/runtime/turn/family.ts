/**
 * What a turn says to its run's parent and children: rows for their inboxes, which its commit writes.
 *
 * It owns the shape of these rows. It leaves starting a child to begin-invocation.ts, and what a row
 * says to the chart that takes it to incoming-event.ts.
 *
 * 1. Nothing is said before the commit: a draft that is dropped has said nothing.
 */
import type { Effect } from '../../domain/effect.ts';
import type { ErrorRecord } from '../../domain/errors.ts';
import { asRunId } from '../../domain/ids.ts';
import type { Json } from '../../domain/json.ts';
import type { InboxRow } from '../../store/rows.ts';
import type { Draft } from './draft.ts';
import { noted, type HeldChild } from './held.ts';

/** An event that the chart sends to its parent or to a child by its invocation's id. */
export function sendEvent(draft: Draft, effect: Extract<Effect, { kind: 'send' }>): void {
  const { run } = draft.from;
  const event = { kind: 'event', ref: null, payloadText: JSON.stringify(effect.event) } as const;
  if (effect.to === 'parent') {
    // A run that nobody invoked has no parent; XState drops such an event too.
    if (run.parent === null) return;
    const { tenant, runId, shard } = run.parent;
    draft.inbox.push({ tenant, runId, shard, key: null, ...event });
    return;
  }
  const child = noted(draft.held.children, effect.to.child);
  if (child === undefined) return;
  const { shard } = child;
  draft.inbox.push({ tenant: run.tenant, runId: asRunId(child.runId), shard, key: null, ...event });
}

/**
 * How a child ends with its invocation. `stop`: as a live actor is stopped, in its turn, so that it
 * hears what its parent said to it before. `cancel`: at once, because a person has ended the parent.
 */
export type ChildEnd = 'stop' | 'cancel';

/** In a cancel's `ref`: the parent went on, and what it said before counts. A person's has none. */
const byParent = 'parent';

/** True for a cancel that takes its turn behind what the parent has said before. */
export function isStop({ kind, ref }: InboxRow): boolean {
  return kind === 'cancel' && ref === byParent;
}

/** Its invocation is over: a child that nobody waits for any more ends. */
export function endChild(draft: Draft, child: HeldChild, how: ChildEnd): void {
  draft.inbox.push({
    tenant: draft.from.run.tenant,
    runId: asRunId(child.runId),
    shard: child.shard,
    kind: 'cancel',
    ref: how === 'stop' ? byParent : null,
    payloadText: JSON.stringify('its parent went on without it'),
    key: null,
  });
}

/** The run has ended: its parent, if it has one, takes this as its invocation's outcome. */
export function tellParent(
  draft: Draft,
  outcome: { output: Json | undefined; error: ErrorRecord | null },
): void {
  const { parent, runId, agent } = draft.from.run;
  if (parent === null) return;
  const { tenant, shard, invocationId, incarnation } = parent;
  draft.inbox.push({
    tenant,
    runId: parent.runId,
    shard,
    kind: 'child',
    ref: invocationId,
    payloadText: JSON.stringify({ incarnation, ...outcome, runId, agent }),
    key: null,
  });
}
