/**
 * A run's status is always a state of the `run` chart, and only that chart's events move it. The status
 * of a run that waits follows from what it holds open; the most active one counts.
 */
import { heddleError } from '../../domain/errors.ts';
import { compileChart } from '../../kernel/chart-table.ts';
import type { ChartState } from '../../kernel/port.ts';
import { runMachine, type RunStatus } from '../../../machines/run.ts';
import { subscriptionMachine, type SubscriptionStatus } from '../../../machines/subscription.ts';

const runTable = compileChart(runMachine);
const subscriptionTable = compileChart(subscriptionMachine);

export type RunLifecycleEvent =
  | 'ADMIT'
  | 'CALL_PROVIDER'
  | 'WAIT_ON_CHANNEL'
  | 'WAIT_ON_TIMER'
  | 'WAIT_ON_PERSON'
  | 'WAIT_ON_CHILD'
  | 'RUN_TASK'
  | 'BACK_OFF'
  | 'STALL'
  | 'PAUSE'
  | 'RESUME'
  | 'COMPLETE'
  | 'FAIL'
  | 'CANCEL';

/** The next status; an event that the chart does not allow is heddle's own fault and throws. */
export function moveRun(status: RunStatus, event: RunLifecycleEvent): RunStatus {
  const next = runTable.next(status, event);
  if (next === undefined) {
    throw heddleError('illegal-transition', { chart: 'run', event, state: status });
  }
  return next;
}

export const firstRunStatus = runTable.initial as RunStatus;

/** The status of a subscription that has taken these events since its beginning. */
export function subscriptionAfter(
  ...events: readonly ('REGISTER' | 'DELIVER' | 'EXPIRE' | 'CANCEL')[]
): SubscriptionStatus {
  let status = subscriptionTable.initial;
  for (const event of events) {
    const next = subscriptionTable.next(status, event);
    if (next === undefined) {
      throw heddleError('illegal-transition', { chart: 'subscription', event, state: status });
    }
    status = next;
  }
  return status;
}

/** The reason that a run shows while its tasks wait for permits; its status is `running-task`. */
export const inLineReasons = {
  /** No attempt of any of its tasks has begun. */
  all: 'a task stands in line: all permits (permitsMax) are taken',
  some: 'one of its tasks stands in line: all permits (permitsMax) are taken',
} as const;

/** True for a status in which a run has calls or tasks open, waiting or out. */
export function isWorking(status: RunStatus): boolean {
  return status === 'admitted' || status === 'calling-provider' || status === 'running-task';
}

/** Most active first. */
const byActivity = [
  'RUN_TASK',
  'CALL_PROVIDER',
  'WAIT_ON_CHILD',
  'WAIT_ON_CHANNEL',
  'WAIT_ON_PERSON',
  'WAIT_ON_TIMER',
] as const;

/**
 * The event that an active chart's wait gives its run. A chart with nothing open waits for an event
 * from outside: `WAIT_ON_PERSON`.
 */
export function waitingEvent(state: ChartState): RunLifecycleEvent {
  let best: number = state.timers.length > 0 ? 5 : byActivity.length;
  for (const { source } of state.invocations) {
    best = Math.min(best, activity[source.kind] ?? byActivity.length);
  }
  return byActivity[best] ?? 'WAIT_ON_PERSON';
}

const activity: Readonly<Record<string, number>> = {
  task: 0,
  generate: 1,
  child: 2,
  receive: 3,
  ask: 4,
};
