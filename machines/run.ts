/**
 * A run, as users see it. Every status of a run's row is a state of this chart, and the store
 * accepts no change that is not one of its transitions.
 *
 * `queued`: the run has not begun. `admitted`: its turn is being computed; no row has this status.
 * `running-task` and `calling-provider`: the run has a task or call open, be it under way or
 * waiting in line; the run's reason says when one of its tasks waits for a permit. After a turn the
 * status follows from what the run has open: with several invocations, the most active one decides.
 * So a turn may lead from any open state to any other. The chart forbids the rest: working without
 * being admitted, ending twice, leaving an end, ending while paused.
 */
import { setup, type StateValueFrom } from 'xstate';

/** The states to which a turn can lead, from `admitted` on. */
const turn = {
  /** An event wakes the run. */
  ADMIT: 'admitted',
  CALL_PROVIDER: 'calling-provider',
  RUN_TASK: 'running-task',
  WAIT_ON_CHANNEL: 'waiting-on-channel',
  WAIT_ON_TIMER: 'waiting-on-timer',
  WAIT_ON_PERSON: 'waiting-on-person',
  WAIT_ON_CHILD: 'waiting-on-child',
  /** An attempt failed, and the next is due later. */
  BACK_OFF: 'backoff',
  /**
   * The run cannot go on: the provider does not answer, no replica here has the chart's version, or
   * the turn meets an error of the database's or heddle's own.
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
        /**
         * The run cannot even begin: its chart throws at the input, or its row cannot be written.
         */
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
        /** The run goes on as if it had never been paused. */
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
 * The status of a run. With several invocations open, the most active one gives the status.
 * - queued: accepted, and not begun. admitted: its turn is under way.
 * - calling-provider, running-task, waiting-on-channel, waiting-on-timer, waiting-on-person,
 *   waiting-on-child: the kind of thing that the run has open.
 * - backoff: a call or a task is tried again after a pause. stalled: the run cannot go on, and its
 *   reason says what is missing. paused: by a person, or with its parent.
 * - completed, failed, cancelled: it has ended.
 */
export type RunStatus = StateValueFrom<typeof runMachine>;
