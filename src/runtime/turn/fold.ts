/**
 * One turn of one run (design §3), computed and not yet committed. Each incoming event is folded
 * through the chart; effects on heddle's own state are carried out in the draft and their results
 * folded straight back, until the run only waits for something outside. Every event that was taken
 * is journalled in order, so that the journal folded through the chart gives the state (promise 10).
 */
import type { RunEvent } from '../../domain/event.ts';
import type { Effect } from '../../domain/effect.ts';
import type { ErrorRecord } from '../../domain/errors.ts';
import type { Json } from '../../domain/json.ts';
import { asRunId } from '../../domain/ids.ts';
import type { ChartState, Kernel, Step } from '../../kernel/port.ts';
import type { RunStatus } from '../../../machines/run.ts';
import { beginInvocation } from './begin-invocation.ts';
import { takeAnswer } from './conversation-effects.ts';
import { chartTimer, clearTimer, limitTimer, newDraft, setTimer, type Draft } from './draft.ts';
import type { HotRun } from './hot-run.ts';
import type { Incoming } from './incoming.ts';
import { isWorking, moveRun, waitingEvent } from './lifecycle.ts';
import { eventOf, isCommand } from './incoming-event.ts';
import { noted, without } from './held.ts';
import { endReceive } from './receive-effects.ts';
import type { Reading } from './reading.ts';
import type { TurnContext } from './turn-context.ts';

export type FoldedTurn = {
  readonly draft: Draft;
  readonly state: ChartState | null;
  readonly status: RunStatus;
  readonly reason: string | null;
  readonly ended: { readonly output: Json; readonly error: ErrorRecord | null } | null;
  /** False when nothing happened that must be written. */
  readonly changed: boolean;
};

export function* foldTurn(
  kernel: Kernel,
  from: HotRun,
  incoming: readonly Incoming[],
  context: TurnContext,
): Reading<FoldedTurn> {
  const draft = newDraft(from);
  const rows = incoming.flatMap((item) => (item.kind === 'inbox' ? [item.row] : []));
  const cancel = rows.find((row) => row.kind === 'cancel');
  if (cancel !== undefined) {
    for (const row of rows) draft.takenInbox.push(row.seq);
    note(draft, 'cancel', cancel.payloadText);
    return cancelled(draft, reasonOf(cancel.payloadText));
  }
  const commands = rows.filter(isCommand);
  for (const row of commands) {
    draft.takenInbox.push(row.seq);
    if (row.kind === 'pause' || row.kind === 'resume') note(draft, row.kind, row.payloadText);
  }
  // The last of several pauses and resumes counts: nothing happened between them.
  const last = commands.at(-1);
  const paused = last === undefined ? from.status === 'paused' : last.kind === 'pause';
  if (paused) {
    const reason = last === undefined ? from.reason : reasonOf(last.payloadText);
    return heldBack(draft, incoming, reason);
  }

  let status = from.status;
  if (status === 'paused') status = moveRun(status, 'RESUME');
  if (!isWorking(status)) status = moveRun(status, 'ADMIT');
  const fold = new Folding(kernel, draft, context);
  if (from.state === null) yield* fold.begin();
  for (const item of incoming) {
    if (item.kind === 'inbox') {
      if (isCommand(item.row)) continue;
      draft.takenInbox.push(item.row.seq);
    }
    if (item.kind === 'result' && item.keptAs !== undefined) draft.takenResults.push(item.keptAs);
    if (fold.isOver) continue;
    const event = yield* eventOf(draft, item, fold.state);
    if (event !== null) yield* fold.take(event);
  }
  return finished(draft, fold, status);
}

/** Drives the chart: one event, then everything that it completes inside the turn. */
class Folding {
  readonly #kernel: Kernel;
  readonly #draft: Draft;
  readonly #context: TurnContext;
  state: ChartState | null;

  constructor(kernel: Kernel, draft: Draft, context: TurnContext) {
    this.#kernel = kernel;
    this.#draft = draft;
    this.#context = context;
    this.state = draft.from.state;
  }

  get isOver(): boolean {
    return this.state !== null && this.state.status !== 'active';
  }

  *begin(): Reading<void> {
    const { agent, run } = this.#draft.from;
    const input = JSON.parse(run.inputText) as Json;
    this.#draft.journal.push({ kind: 'start', input });
    yield* this.#carryOut(this.#kernel.start(agent, input, run.runId));
    yield* this.#drain();
  }

  *take(event: RunEvent): Reading<void> {
    yield* this.#step(event);
    yield* this.#drain();
  }

  *#drain(): Reading<void> {
    for (let event = this.#draft.inner.shift(); event; event = this.#draft.inner.shift()) {
      yield* this.#step(event);
    }
  }

  *#step(event: RunEvent): Reading<void> {
    if (this.state === null || this.isOver) return;
    const { agent, run } = this.#draft.from;
    const step = this.#kernel.step(agent, this.state, event, run.runId);
    if (step.stale) return;
    this.#draft.journal.push(event);
    if (event.kind === 'done') {
      const call = this.state.invocations.find(({ id }) => id === event.id);
      if (call !== undefined) takeAnswer(this.#draft, call, event.output);
    }
    if (event.kind === 'done' || event.kind === 'failed') settle(this.#draft, event.id);
    yield* this.#carryOut(step);
  }

  *#carryOut(step: Step): Reading<void> {
    this.state = step.state;
    for (const effect of step.effects) yield* this.#effect(effect);
  }

  *#effect(effect: Effect): Reading<void> {
    const draft = this.#draft;
    switch (effect.kind) {
      case 'invoke':
        return yield* beginInvocation(draft, effect, this.state?.invocations ?? [], this.#context);
      case 'stop':
        return stop(draft, effect.id);
      case 'schedule':
        return setTimer(draft, {
          timerId: chartTimer(effect.id),
          generation: effect.generation,
          delayMs: effect.delayMs,
        });
      case 'unschedule':
        return clearTimer(draft, chartTimer(effect.id));
      case 'send':
        return send(draft, effect);
      case 'act':
      case 'emit':
        draft.afterwards.push(effect);
    }
  }
}

/** The chart has left an invocation: what stands behind it ends with this turn. */
function stop(draft: Draft, id: string): void {
  endReceive(draft, id, 'CANCEL');
  if (noted(draft.held.asks, id) !== undefined) clearTimer(draft, limitTimer(id));
  draft.held = { ...draft.held, asks: without(draft.held.asks, id) };
  const child = noted(draft.held.children, id);
  if (child === undefined) return;
  draft.held = { ...draft.held, children: without(draft.held.children, id) };
  draft.inbox.push({
    tenant: draft.from.run.tenant,
    runId: asRunId(child.runId),
    shard: child.shard,
    kind: 'cancel',
    ref: null,
    payloadText: JSON.stringify('its parent went on without it'),
    key: null,
  });
}

/** An invocation has its result: what was noted for it is no longer needed. */
function settle(draft: Draft, id: string): void {
  if (noted(draft.held.asks, id) !== undefined) {
    draft.held = { ...draft.held, asks: without(draft.held.asks, id) };
    clearTimer(draft, limitTimer(id));
  }
  if (noted(draft.held.children, id) !== undefined) {
    draft.held = { ...draft.held, children: without(draft.held.children, id) };
  }
}

function send(draft: Draft, effect: Extract<Effect, { kind: 'send' }>): void {
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

function finished(draft: Draft, { state }: Folding, admitted: RunStatus): FoldedTurn {
  if (state === null) throw new TypeError('a turn without a state');
  if (state.status === 'active') {
    return {
      draft,
      state,
      status: moveRun(admitted, waitingEvent(state)),
      reason: null,
      ended: null,
      changed:
        draft.journal.length > 0 ||
        draft.takenInbox.length > 0 ||
        draft.takenResults.length > 0 ||
        draft.clearTimers.size > 0 ||
        draft.from.fresh,
    };
  }
  const error = state.status === 'error' ? state.error : null;
  endEverything(draft, state);
  tellParent(draft, { output: state.output, error });
  return {
    draft,
    state,
    status: moveRun(admitted, error === null ? 'COMPLETE' : 'FAIL'),
    reason: error?.message ?? null,
    ended: { output: state.output, error },
    changed: true,
  };
}

/**
 * The turn of a run that cannot go on: its chart does not restore, a turn threw, or Postgres refuses
 * what it wants to write. The run fails visibly and everything that it holds ends.
 */
export function failTurn(
  from: HotRun,
  incoming: readonly Incoming[],
  error: ErrorRecord,
): FoldedTurn {
  const draft = newDraft(from);
  for (const item of incoming) if (item.kind === 'inbox') draft.takenInbox.push(item.row.seq);
  endEverything(draft, from.state);
  tellParent(draft, { output: null, error });
  const open = from.status === 'paused' ? moveRun(from.status, 'RESUME') : from.status;
  return {
    draft,
    state: from.state,
    status: moveRun(open, 'FAIL'),
    reason: error.message,
    ended: { output: null, error },
    changed: true,
  };
}

function cancelled(draft: Draft, reason: string): FoldedTurn {
  const error = {
    code: 'run-cancelled',
    message: `The run was cancelled: ${reason}.`,
    detail: { reason },
  };
  endEverything(draft, draft.from.state);
  tellParent(draft, { output: null, error });
  return {
    draft,
    state: draft.from.state,
    status: moveRun(draft.from.status, 'CANCEL'),
    reason,
    ended: { output: null, error },
    changed: true,
  };
}

/** Reaches open waits and children; calls and tasks are aborted after the commit. */
function endEverything(draft: Draft, state: ChartState | null): void {
  for (const { id } of state?.invocations ?? []) stop(draft, id);
  for (const id of Object.keys(draft.held.receives)) stop(draft, id);
  for (const id of Object.keys(draft.held.children)) stop(draft, id);
}

function tellParent(draft: Draft, outcome: { output: Json; error: ErrorRecord | null }): void {
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

/**
 * A paused run folds nothing. What this replica did for it meanwhile was paid for and goes to its
 * inbox, to be folded on resume; its inbox rows stay where they are.
 */
function heldBack(draft: Draft, incoming: readonly Incoming[], reason: string | null): FoldedTurn {
  const { run, status } = draft.from;
  for (const item of incoming) {
    if (item.kind === 'inbox' || (item.kind === 'result' && item.keptAs !== undefined)) continue;
    if (item.kind === 'timer') clearTimer(draft, item.timerId);
    draft.inbox.push({
      tenant: run.tenant,
      runId: run.runId,
      shard: run.shard,
      kind: 'result',
      ref: null,
      payloadText: JSON.stringify(item),
      key: null,
    });
  }
  return {
    draft,
    state: draft.from.state,
    status: status === 'paused' ? status : moveRun(status, 'PAUSE'),
    reason,
    ended: null,
    changed: status !== 'paused' || draft.takenInbox.length > 0 || draft.inbox.length > 0,
  };
}

function note(draft: Draft, kind: 'cancel' | 'pause' | 'resume', payloadText: string | null): void {
  draft.journal.push({ kind, reason: reasonOf(payloadText) });
}

function reasonOf(payloadText: string | null): string {
  const reason: unknown = payloadText === null ? null : JSON.parse(payloadText);
  return typeof reason === 'string' ? reason : 'no reason given';
}
