/** What the parts of one runtime share: made once in `runtime.ts`, handed to each. */
import type { ReplicaId } from '../domain/ids.ts';
import type { Kernel } from '../kernel/port.ts';
import type { Store } from '../store/port.ts';
import type { Agents } from './agents.ts';
import type { ArrivalQueue } from './arrivals.ts';
import type { Budgets } from './budgets.ts';
import type { Calls } from './calls.ts';
import type { Notifier } from './notifier.ts';
import type { Clock, Ids, Log } from './ports.ts';
import type { Quotas } from './quotas.ts';
import type { RunTasks } from './run-tasks.ts';
import type { OwnedShards } from './shards.ts';
import type { Texts } from './texts.ts';
import type { Timers } from './timers.ts';
import type { Watch } from './watch.ts';
import type { Workbench } from './workbench.ts';

export type Parts = {
  readonly replicaId: ReplicaId;
  readonly store: Store;
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly agents: Agents;
  readonly bench: Workbench;
  readonly arrivals: ArrivalQueue;
  readonly budgets: Budgets;
  readonly calls: Calls;
  readonly tasks: RunTasks;
  readonly timers: Timers;
  readonly shards: OwnedShards;
  readonly quotas: Quotas;
  readonly notifier: Notifier;
  readonly watch: Watch;
  readonly texts: Texts;
};
