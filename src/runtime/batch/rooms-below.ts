import type { CapacitySettings } from '../../domain/capacity-settings.ts';
import type { Kernel } from '../../kernel/port.ts';
import type { Store } from '../../store/port.ts';
import type { Agents } from '../agents.ts';
import type { Budgets } from '../calls/budgets/budgets.ts';
import type { Calls } from '../calls/calls.ts';
import type { Clock, Log } from '../ports.ts';
import type { OwnedShards } from '../shards.ts';
import type { RunTasks } from '../tasks/run-tasks.ts';
import type { ArrivalQueue } from '../wake/arrivals.ts';
import type { Isolation } from '../wake/isolation.ts';
import type { Quotas } from '../wake/quotas.ts';
import type { RunQueue } from '../wake/run-queue.ts';
import type { Timers } from '../wake/timers.ts';
import type { WorkScan } from '../wake/work-scan.ts';
import type { Committer } from './committer.ts';

/** The parts of other rooms that batches use. Each class picks those that it needs, and gets no other. */
export type RoomsBelow = {
  readonly agents: Agents;
  readonly arrivals: ArrivalQueue;
  readonly budgets: Budgets;
  readonly calls: Calls;
  readonly capacity: CapacitySettings;
  readonly clock: Clock;
  readonly committer: Committer;
  readonly isolation: Isolation;
  readonly kernel: Kernel;
  readonly log: Log;
  readonly quotas: Quotas;
  readonly runQueue: RunQueue;
  readonly scan: WorkScan;
  readonly shards: OwnedShards;
  readonly store: Store;
  readonly tasks: RunTasks;
  readonly timers: Timers;
};
