import type { RunStatus } from '../../machines/run.ts';

/** Every status, or this does not compile. */
const statuses = {
  queued: true,
  admitted: true,
  'calling-provider': true,
  'running-task': true,
  'waiting-on-channel': true,
  'waiting-on-timer': true,
  'waiting-on-person': true,
  'waiting-on-child': true,
  backoff: true,
  stalled: true,
  paused: true,
  completed: true,
  failed: true,
  cancelled: true,
} satisfies Record<RunStatus, true>;

export const runStatuses = Object.keys(statuses) as RunStatus[];
