/** Makes of an incoming thing the event that it is for the chart; null when it is none. */
import type { RunEvent } from '../../domain/event.ts';
import type { ChartEvent } from '../../domain/event.ts';
import { heddleError } from '../../domain/errors.ts';
import type { Json } from '../../domain/json.ts';
import type { ChartState, OpenInvocation } from '../../kernel/port.ts';
import { urgentInboxKinds, type InboxRow } from '../../store/rows.ts';
import { childOutcome } from './begin-invocation.ts';
import { chartTimer, clearTimer, splitTimer, type Draft } from './draft.ts';
import { isStop, senderOf } from './family.ts';
import type { Incoming } from './incoming.ts';
import { passedMs } from './invocation-limit.ts';
import { endPause } from './lost-tasks.ts';
import { answerEvent } from './questions.ts';
import { continueReceive, endReceive } from './receive-effects.ts';
import type { Reading } from './reading.ts';

/** True for rows that move the run's status and not its chart. */
export function isCommand(row: Pick<InboxRow, 'kind'>): boolean {
  return row.kind === 'cancel' || row.kind === 'pause' || row.kind === 'resume';
}

/**
 * True for a row that came after this one. An item that is no row is this replica's own, and counts as
 * earlier.
 */
export function isAfter(item: Incoming, { seq }: InboxRow): boolean {
  return item.kind === 'inbox' && BigInt(item.row.seq) > BigInt(seq);
}

/**
 * The rows of a full page. Commands are loaded before all other rows, so a full page may lack some that
 * came before a parent's stop: then the stop stays for the next turn.
 */
export function withoutEarlyStop(rows: readonly InboxRow[]): readonly InboxRow[] {
  const last = rows.findLast(({ kind }) => !urgentInboxKinds.includes(kind));
  return rows.filter((row) => {
    return !isStop(row) || (last !== undefined && BigInt(last.seq) > BigInt(row.seq));
  });
}

export function* eventOf(
  draft: Draft,
  item: Incoming,
  state: ChartState | null,
): Reading<RunEvent | null> {
  switch (item.kind) {
    case 'result':
      return item.event;
    case 'timer':
      return yield* timerEvent(draft, item, state);
    case 'inbox':
      return yield* inboxEvent(draft, item.row, state);
    case 'lost':
      return null;
  }
}

function* inboxEvent(
  draft: Draft,
  row: InboxRow,
  state: ChartState | null,
): Reading<RunEvent | null> {
  const payload = row.payloadText === null ? null : (JSON.parse(row.payloadText) as Json);
  switch (row.kind) {
    case 'event':
      return { kind: 'event', event: payload as unknown as ChartEvent, ...senderOf(row) };
    case 'messages':
      return yield* messagesEvent(draft, row.ref, state);
    case 'child':
      return childEvent(row.ref ?? '', payload, state);
    case 'answer':
      return answerEvent(draft, row, state);
    case 'result':
      return yield* eventOf(draft, payload as unknown as Incoming, state);
    default:
      return null;
  }
}

/** Continues the receive that waits on a subscription, if the chart still has it open. */
function* messagesEvent(
  draft: Draft,
  subscriptionId: string | null,
  state: ChartState | null,
): Reading<RunEvent | null> {
  for (const [id, held] of Object.entries(draft.held.receives)) {
    if (held.subscriptionId !== subscriptionId) continue;
    const invocation = openInvocation(state, id);
    if (invocation === undefined) return null;
    return yield* receiveEvent(draft, invocation);
  }
  return null;
}

function childEvent(id: string, payload: Json, state: ChartState | null): RunEvent {
  const { incarnation, output, error, run } = childOutcome(payload);
  const isOpen = openInvocation(state, id)?.incarnation === incarnation;
  const whose = { id, incarnation, ...(!isOpen && ({ left: true } as const)) };
  if (error === null) return { kind: 'done', ...whose, output };
  return { kind: 'failed', ...whose, error, ...(run === undefined ? {} : { run }) };
}

function* receiveEvent(draft: Draft, invocation: OpenInvocation): Reading<RunEvent | null> {
  const output = yield* continueReceive(draft, invocation);
  if (output === null) return null;
  const { id, incarnation } = invocation;
  return { kind: 'done', id, incarnation, output };
}

/**
 * A chart's own timer, or one of the runtime's for an invocation. A timer whose generation is not
 * current gives no event.
 */
function* timerEvent(
  draft: Draft,
  item: Extract<Incoming, { kind: 'timer' }>,
  state: ChartState | null,
): Reading<RunEvent | null> {
  const { of, id } = splitTimer(item.timerId);
  if (of === 'chart') {
    const timer = state?.timers.find((open) => open.id === id);
    if (timer !== undefined && timer.generation !== item.generation) return null;
    clearTimer(draft, chartTimer(id));
    if (timer === undefined) return null;
    return { kind: 'timer', id, generation: item.generation };
  }
  const invocation = openInvocation(state, id);
  if (invocation !== undefined && invocation.incarnation !== item.generation) return null;
  clearTimer(draft, item.timerId);
  if (invocation === undefined) return null;
  if (of === 'again') {
    endPause(draft, invocation);
    return null;
  }
  if (of === 'look') return yield* receiveEvent(draft, invocation);
  endReceive(draft, id, 'EXPIRE');
  const timeoutMs = passedMs(draft.from.agent, invocation);
  const error = heddleError('invocation-timeout', {
    what: `${invocation.source.kind} ${id}`,
    timeoutMs,
  });
  return { kind: 'failed', id, incarnation: invocation.incarnation, error: error.toJSON() };
}

function openInvocation(state: ChartState | null, id: string): OpenInvocation | undefined {
  return state?.invocations.find((invocation) => invocation.id === id);
}
