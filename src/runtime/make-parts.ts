/** Makes what the parts of one runtime share, and ties together what calls what. */
import type { CapacityChanges, CapacitySettings } from '../domain/capacity-settings.ts';
import type { ReplicaId, RunId } from '../domain/ids.ts';
import type { Agent, Kernel } from '../kernel/port.ts';
import type { Provider } from '../providers/port.ts';
import type { BudgetDefaults } from '../store/charges.ts';
import type { Store } from '../store/port.ts';
import type { RunAddress } from '../store/rows.ts';
import { ActionErrors } from './batch/outcome/action-errors.ts';
import { Agents } from './agents.ts';
import { ArrivalQueue } from './wake/arrivals.ts';
import { Budgets } from './calls/budgets/budgets.ts';
import { CallInputs } from './calls/call-inputs.ts';
import { Calls } from './calls/calls.ts';
import type { RunCall } from './calls/call/run-call.ts';
import type { CallsOptions } from './calls/calls-options.ts';
import { Conversations } from './calls/conversations.ts';
import { EndHints } from './wake/end-hints.ts';
import type { LeaseValve } from './calls/lease-valve.ts';
import { hostLog } from './host/host-log.ts';
import { Hints } from './wake/hints.ts';
import type { Parts } from './parts.ts';
import { Permits } from './calls/call/permits.ts';
import type { Clock, Ids, Log } from './ports.ts';
import { Quotas } from './wake/quotas.ts';
import { RunTasks } from './tasks/run-tasks.ts';
import type { RuntimeSettings } from './settings.ts';
import { OwnedShards } from './ownership/shards.ts';
import { TenantWeights } from './wake/tenant-weights.ts';
import { Texts } from './calls/texts.ts';
import { defaultTimerSettings, Timers } from './wake/timers.ts';
import type { Incoming } from './turn/incoming.ts';
import { RunEvents } from './wake/run-events.ts';
import { RunQueue } from './wake/run-queue.ts';

export type RuntimeOptions = {
  readonly store: Store;
  readonly kernel: Kernel;
  readonly agents: readonly Agent[];
  readonly providers: readonly Provider[];
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly settings?: Partial<RuntimeSettings>;
  /** What shall not be as `capacityDefaults` say. */
  readonly capacity?: CapacityChanges;
  /** Of every run, user or tenant that has none of its own. */
  readonly budgets?: BudgetDefaults;
  readonly weights?: TenantWeights;
};

/** What the parts need of those that are made from them. */
type Around = {
  readonly replicaId: ReplicaId;
  readonly settings: RuntimeSettings;
  readonly capacity: CapacitySettings;
  readonly valve: LeaseValve;
  /** There may be something to commit. */
  readonly wanted: () => void;
  readonly ended: CallsOptions['ended'];
  readonly slotsDue: CallsOptions['due'];
  readonly lookAtTimersBy: (atMs: number) => void;
  /** The row of this run may show something else than what is true by now. */
  readonly isToShow: (runId: RunId) => void;
};

/** What the makers of single parts share; `parts` is there when the first of them is called. */
type Base = Around & {
  readonly options: RuntimeOptions;
  readonly parts: () => Parts;
  readonly weights: TenantWeights;
  readonly texts: Texts;
  readonly deliver: (run: RunAddress, incoming: Incoming) => void;
};

export function makeParts(given: RuntimeOptions, around: Around): Parts {
  const log = hostLog(given.log);
  const options = { ...given, log };
  const { store, kernel, clock, ids, weights = new TenantWeights() } = options;
  const { replicaId, settings, capacity, wanted } = around;
  const { fairness } = capacity;
  const texts = new Texts(log);
  const deliver = (run: RunAddress, incoming: Incoming): void => {
    parts.runQueue.deliver(run, incoming);
    wanted();
  };
  const base: Base = { ...around, options, parts: () => parts, weights, texts, deliver };
  const agents = new Agents(options.agents);
  const shards = new OwnedShards();
  const hints = new Hints({ store, clock, gatherMs: 10 });
  const permits = makePermits(base);
  const budgets = makeBudgets(base);
  const parts: Parts = {
    replicaId,
    store,
    kernel,
    clock,
    ids,
    log,
    agents,
    actionErrors: new ActionErrors(),
    permits,
    runQueue: new RunQueue({
      onWork: wanted,
      fairness,
      room: () => {
        const { calls, tasks } = parts;
        const waiting = calls.runs.size - calls.pool.inFlight + tasks.waiting;
        return settings.waitingCallsMax - waiting;
      },
    }),
    arrivals: new ArrivalQueue({ waitingMax: settings.arrivalsMax, weights, fairness }),
    budgets,
    weights,
    calls: makeCalls(base, { budgets, permits, agents }),
    tasks: makeTasks(base, permits),
    timers: new Timers({
      clock,
      settings: defaultTimerSettings,
      ring: (address, timerId, generation) => {
        parts.runQueue.deliver(address, { kind: 'timer', timerId, generation });
      },
      lookBy: around.lookAtTimersBy,
    }),
    shards,
    quotas: new Quotas({ store, clock, settings, counting: capacity.quotas }),
    hints,
    endHints: new EndHints({ clock, hints, owns: (shard) => shards.epoch(shard) !== undefined }),
    runEvents: new RunEvents(),
    texts,
  };
  return parts;
}

function makePermits({ parts, settings, capacity, wanted }: Base): Permits {
  return new Permits({
    max: settings.permitsMax,
    callsOut: () => parts().calls.pool.inFlight,
    onCallsMayGo: wanted,
    fairness: capacity.fairness,
  });
}

function makeBudgets({ options, parts, capacity, wanted }: Base): Budgets {
  const { store, clock, log, providers, budgets: defaults = {} } = options;
  const retry = (call: RunCall): void => parts().calls.retry(call);
  return new Budgets({
    store,
    clock,
    log,
    providers,
    defaults,
    retry,
    news: wanted,
    settings: capacity.budgets,
  });
}

function makeCalls(
  base: Base,
  of: { readonly budgets: Budgets; readonly permits: Permits; readonly agents: Agents },
): Calls {
  const { valve, replicaId, parts, settings, capacity, weights, texts, deliver, wanted } = base;
  const { agents, ...rest } = of;
  const { store, kernel, clock, ids, log, providers } = base.options;
  return new Calls({
    ...rest,
    weights,
    clock,
    capacity,
    ids,
    replicaId,
    providers,
    conversations: new Conversations({ store, clock, log }),
    inputs: new CallInputs({ store, kernel, agents, clock, log }),
    keptPerSlot: settings.keptPerSlot,
    rests: ({ runId }) => parts().runQueue.cool(runId),
    doubted: (call) => parts().runQueue.wake(call),
    valve,
    deliver,
    ended: base.ended,
    wanted,
    due: base.slotsDue,
    texts,
    log,
  });
}

function makeTasks(base: Base, permits: Permits): RunTasks {
  const { valve, parts, weights, deliver, isToShow, wanted } = base;
  return new RunTasks({
    clock: base.options.clock,
    valve,
    permits,
    weights,
    log: base.options.log,
    deliver,
    wake: (address) => parts().runQueue.wake(address),
    inLine: (runId) => {
      isToShow(runId);
      wanted();
    },
  });
}
