/**
 * Drives a run's chart through a turn: one event, then everything that it completes inside the turn,
 * until the chart waits for something outside.
 *
 * It owns the chart's state while the turn lasts. It leaves what each effect does to that effect's own
 * file, which of what came in is an event to `incoming-event.ts`, and the step itself to the kernel.
 *
 * 1. Every event that the chart took is journalled before its effects are carried out (promise 10); a
 *    stale event is neither taken nor journalled.
 * 2. What an event completes inside the turn is folded before the next event.
 * 3. A chart that has come to its end takes nothing more.
 */
import type { RunEvent } from '../../domain/event.ts';
import type { Effect } from '../../domain/effect.ts';
import type { ErrorRecord } from '../../domain/errors.ts';
import { inputFromText } from '../../domain/input-text.ts';
import type { ChartState, Kernel, Step } from '../../kernel/port.ts';
import { beginInvocation } from './begin-invocation.ts';
import { takeAnswer } from './conversation-effects.ts';
import { chartTimer, clearTimer, setTimer, type Draft } from './draft.ts';
import { settleInvocation, stopInvocation } from './end-invocation.ts';
import { sendEvent } from './family.ts';
import type { Reading } from './reading.ts';
import type { TurnContext } from './turn-context.ts';

export class ChartFold {
  readonly #kernel: Kernel;
  readonly #draft: Draft;
  readonly #context: TurnContext;
  state: ChartState | null;
  /**
   * The error of a step that has ended the chart. A failure that the chart did not handle is not
   * one.
   */
  thrown: ErrorRecord | null = null;

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
    const input = inputFromText(run.inputText);
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
    this.#draft.journal.push(journalled(event, step));
    if (event.kind === 'done') {
      const call = this.state.invocations.find(({ id }) => id === event.id);
      if (call !== undefined) takeAnswer(this.#draft, call, event.output ?? null, this.#context);
    }
    if (event.kind === 'done' || event.kind === 'failed') settleInvocation(this.#draft, event.id);
    yield* this.#carryOut(step);
  }

  *#carryOut(step: Step): Reading<void> {
    this.state = step.state;
    if (step.threw) this.thrown = step.state.error;
    for (const effect of step.effects) yield* this.#effect(effect);
  }

  *#effect(effect: Effect): Reading<void> {
    const draft = this.#draft;
    switch (effect.kind) {
      case 'invoke':
        return yield* beginInvocation(draft, effect, this.state?.invocations ?? [], this.#context);
      case 'stop':
        return stopInvocation(draft, effect.id);
      case 'schedule':
        return setTimer(draft, {
          timerId: chartTimer(effect.id),
          generation: effect.generation,
          delayMs: effect.delayMs,
        });
      case 'unschedule':
        return clearTimer(draft, chartTimer(effect.id));
      case 'send':
        return sendEvent(draft, effect);
      case 'act':
      case 'emit':
        draft.afterwards.push(effect);
    }
  }
}

/**
 * Notes of an event that no state took it, because its sender may have meant another name. Completions
 * and timers are the chart's own, so they get no such note.
 */
function journalled(event: RunEvent, { handled }: Step): RunEvent {
  return event.kind === 'event' && !handled ? { ...event, handled: false } : event;
}
