/**
 * A run, as users see it. Every status of a run row is a state of this chart, and the store takes no
 * change that is not one of its transitions.
 *
 * `queued`: it has not begun. `admitted`: its turn is computed, and no row ever says so. `running-task` and
 * `calling-provider` say what it has open, be that out or in line: the reason of a run says when one of its
 * tasks stands in line for a permit. Which state a turn leads to follows from what it leaves open: with several invocations
 * the most active one. So a turn may lead from any open state to any other, and what the chart
 * forbids is the rest: working without being admitted, ending twice, leaving an end, ending paused.
 */
import { setup, type StateValueFrom } from 'xstate';

/** What a turn can lead to, from `admitted` on. */
const turn = {
  /** Woken by an event. */
  ADMIT: 'admitted',
  CALL_PROVIDER: 'calling-provider',
  RUN_TASK: 'running-task',
  WAIT_ON_CHANNEL: 'waiting-on-channel',
  WAIT_ON_TIMER: 'waiting-on-timer',
  WAIT_ON_PERSON: 'waiting-on-person',
  WAIT_ON_CHILD: 'waiting-on-child',
  /** An attempt failed and the next is due later. */
  BACK_OFF: 'backoff',
  /**
   * Nothing can go on: the provider does not answer, the chart's version is not here, or its turn meets
   * an error that is the database's or heddle's own.
   */
  STALL: 'stalled',
  PAUSE: 'paused',
  COMPLETE: 'completed',
  FAIL: 'failed',
  CANCEL: 'cancelled',
} as const;

type RunEventType = keyof typeof turn | 'RESUME';

export const runMachine = setup({
  types: { events: {} as { readonly type: RunEventType } },
}).createMachine({
  id: 'run',
  initial: 'queued',
  states: {
    queued: {
      on: {
        ADMIT: 'admitted',
        STALL: 'stalled',
        PAUSE: 'paused',
        /** What cannot even begin: an input that its chart throws at, a row that is poison. */
        FAIL: 'failed',
        CANCEL: 'cancelled',
      },
    },
    admitted: { on: turn },
    'calling-provider': { on: turn },
    'running-task': { on: turn },
    'waiting-on-channel': { on: turn },
    'waiting-on-timer': { on: turn },
    'waiting-on-person': { on: turn },
    'waiting-on-child': { on: turn },
    backoff: { on: turn },
    stalled: { on: turn },
    paused: {
      on: {
        /** It goes on as a run that was never paused. */
        RESUME: 'queued',
        CANCEL: 'cancelled',
      },
    },
    completed: { type: 'final' },
    failed: { type: 'final' },
    cancelled: { type: 'final' },
  },
});

/**
 * Where a run stands. With several invocations open, the most active one gives the status.
 * - queued: accepted, and not begun. admitted: its turn is under way.
 * - calling-provider, running-task, waiting-on-channel, waiting-on-timer, waiting-on-person,
 *   waiting-on-child: what it has open.
 * - backoff: a call or a task is tried again after a pause. stalled: it cannot go on, and its reason says
 *   what for. paused: by a person, or with its parent.
 * - completed, failed, cancelled: it has ended.
 */
export type RunStatus = StateValueFrom<typeof runMachine>;
