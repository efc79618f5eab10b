/**
 * Builds the parts of one replica, room by room, in the order in which they depend on each other. Each
 * part is given the parts that were built before it, and its options type names those that it uses. A
 * part tells something to a part that is built later by a signal (`signal.ts`).
 */
import { capacityWith, type CapacityChanges } from '../domain/capacity-settings.ts';
import type { ReplicaId } from '../domain/ids.ts';
import type { Agent, Kernel } from '../kernel/port.ts';
import type { Provider } from '../providers/port.ts';
import type { BudgetDefaults } from '../store/charges.ts';
import type { Store } from '../store/port.ts';
import type { RunAddress } from '../store/rows.ts';
import { Agents } from './agents.ts';
import { CommitRight } from './batch/commit-right.ts';
import { Committer } from './batch/committer.ts';
import { FailedBatches } from './batch/failed-batches.ts';
import { FreshStarts } from './batch/fresh-starts.ts';
import { ActionErrors } from './batch/outcome/action-errors.ts';
import { AfterCommit } from './batch/outcome/after-commit.ts';
import { DroppedRuns } from './batch/outcome/dropped-runs.ts';
import { RepeatedTurns } from './batch/outcome/repeated-turns.ts';
import { WaitStatus } from './batch/outcome/wait-status.ts';
import { ResultKeeper } from './batch/result-keeper.ts';
import { TurnBatches } from './batch/turn-batch.ts';
import { Budgets } from './calls/budgets/budgets.ts';
import { CallInputs } from './calls/call-inputs.ts';
import { CallPhases } from './calls/call/call-phases.ts';
import { Permits } from './calls/call/permits.ts';
import { Calls } from './calls/calls.ts';
import { CallImages } from './calls/attempt/call-images.ts';
import { Conversations } from './calls/conversations.ts';
import { GateOrders } from './calls/gates/gate-orders.ts';
import { LeaseValve } from './calls/lease-valve.ts';
import { Texts } from './calls/texts.ts';
import { hostLog } from './host/host-log.ts';
import { ActivityLog } from './ownership/activity-log.ts';
import { Housekeeping } from './ownership/housekeeping.ts';
import { Ownership } from './ownership/ownership.ts';
import { Peers } from './turn/turn-context.ts';
import type { Clock, Ids, Log } from './ports.ts';
import { resolveSettings, type RuntimeSettings } from './settings.ts';
import { OwnedShards } from './shards.ts';
import { RunTasks } from './tasks/run-tasks.ts';
import type { Incoming } from './turn/incoming.ts';
import { Admission } from './wake/admission.ts';
import { ArrivalQueue } from './wake/arrivals.ts';
import { Backlog } from './wake/backlog.ts';
import { EndHints } from './wake/end-hints.ts';
import { Hints } from './wake/hints.ts';
import { Isolation } from './wake/isolation.ts';
import { Quotas } from './wake/quotas.ts';
import { RunEvents } from './wake/run-events.ts';
import { RunQueue } from './wake/run-queue.ts';
import { TenantWeights } from './wake/tenant-weights.ts';
import { defaultTimerSettings, Timers, type TimerSettings } from './wake/timers.ts';
import { defaultWorkScanSettings, WorkScan } from './wake/work-scan.ts';
import { ChannelNews } from './watch/channel-news.ts';
import { RunWatch } from './watch/run-watch.ts';

export type RuntimeOptions = {
  readonly store: Store;
  readonly kernel: Kernel;
  readonly agents: readonly Agent[];
  readonly providers: readonly Provider[];
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly settings?: Partial<RuntimeSettings>;
  /** Changes to `capacityDefaults`. */
  readonly capacity?: CapacityChanges;
  /** Changes to `defaultTimerSettings`. */
  readonly timers?: Partial<TimerSettings>;
  /** The budgets of runs, users and tenants that have none of their own. */
  readonly budgets?: BudgetDefaults;
  readonly weights?: TenantWeights;
};

export type Rooms = ReturnType<typeof buildRooms>;

export function buildRooms(options: RuntimeOptions) {
  const base = buildBase(options);
  const wake = { ...base, ...buildWake(base) };
  const calls = { ...wake, ...buildCalls(wake, options.budgets ?? {}) };
  const tasks = { ...calls, ...buildTasks(calls) };
  const batch = { ...tasks, ...buildBatch(tasks) };
  const ownership = new Ownership({ ...batch, leaseMs: base.settings.leaseMs });
  const { pollMs } = base.settings;
  const activityLog = new ActivityLog({ ...base, pollMs });
  const housekeeping = new Housekeeping({ ...base, retainMs: base.settings.retainMs });
  return { ...batch, ownership, activityLog, housekeeping };
}

/**
 * The parts that every room shares. The committer is one of them, because all rooms ask it for a commit.
 */
function buildBase(options: RuntimeOptions) {
  const { store, kernel, clock, ids, providers, weights = new TenantWeights() } = options;
  const settings = resolveSettings(options.settings);
  const replicaId: ReplicaId = ids.replica();
  const log = hostLog(options.log);
  return {
    store,
    kernel,
    clock,
    ids,
    log,
    providers,
    settings,
    capacity: capacityWith(options.capacity),
    timerSettings: { ...defaultTimerSettings, ...options.timers },
    replicaId,
    weights,
    agents: new Agents(options.agents),
    shards: new OwnedShards(),
    peers: new Peers(),
    valve: new LeaseValve(),
    committer: new Committer({ clock, batchesMax: settings.batchesMax }),
  };
}

type Base = ReturnType<typeof buildBase>;

function buildWake(base: Base) {
  const { capacity, clock, committer, ids, settings, shards, store, timerSettings, weights } = base;
  const hints = new Hints({ store, clock, gatherMs: 10 });
  const endHints = new EndHints({
    clock,
    hints,
    owns: (shard) => shards.epoch(shard) !== undefined,
  });
  const backlog = new Backlog(settings.waitingCallsMax);
  const runQueue = new RunQueue({ onWork: committer.request, backlog, capacity });
  const arrivals = new ArrivalQueue({ waitingMax: settings.arrivalsMax, weights, capacity });
  const quotas = new Quotas({ store, clock, settings, capacity });
  const timers = new Timers({
    clock,
    settings: timerSettings,
    ring: (address, timerId, generation) => {
      runQueue.deliver(address, { kind: 'timer', timerId, generation });
    },
  });
  const deliver = (run: RunAddress, incoming: Incoming): void => {
    runQueue.deliver(run, incoming);
    committer.request();
  };
  return {
    hints,
    endHints,
    backlog,
    runQueue,
    arrivals,
    quotas,
    timers,
    deliver,
    runEvents: new RunEvents(),
    channelNews: new ChannelNews(),
    watch: new RunWatch(base),
    isolation: new Isolation({ clock, ids, onDue: committer.request }),
    admission: new Admission({ store, arrivals, quotas, runQueue }),
  };
}

type Wake = Base & ReturnType<typeof buildWake>;

function buildCalls(wake: Wake, defaults: BudgetDefaults) {
  const { capacity, committer, runQueue, settings } = wake;
  const wanted = committer.request;
  const permits = new Permits({ max: settings.permitsMax, onCallsMayGo: wanted, capacity });
  const budgets = new Budgets({ ...wake, defaults, news: wanted });
  const texts = new Texts(wake.log);
  const calls = new Calls({
    ...wake,
    permits,
    budgets,
    texts,
    conversations: new Conversations(wake),
    images: new CallImages(wake),
    inputs: new CallInputs(wake),
    keptPerSlot: settings.keptPerSlot,
    rests: ({ runId }) => runQueue.cool(runId),
    doubted: (call) => runQueue.wake(call),
    wanted,
  });
  calls.moved.on((call) => wake.watch.moved(call));
  const phases = new CallPhases({ calls, clock: wake.clock });
  wake.watch.of(phases);
  const gateOrders = new GateOrders({ ...wake, calls });
  const scanSettings = { ...defaultWorkScanSettings, pollMs: settings.pollMs };
  const scan = new WorkScan({ ...wake, budgets, settings: scanSettings });
  return { permits, budgets, texts, calls, phases, gateOrders, scan };
}

type WithCalls = Wake & ReturnType<typeof buildCalls>;

function buildTasks(calls: WithCalls) {
  const wake = (run: RunAddress): void => calls.runQueue.wake(run);
  return { tasks: new RunTasks({ ...calls, wake }) };
}

function buildBatch(tasks: WithCalls & ReturnType<typeof buildTasks>) {
  const { committer, settings } = tasks;
  const waitStatus = new WaitStatus(tasks);
  const runs = {
    ...tasks,
    commitRight: new CommitRight(tasks),
    actionErrors: new ActionErrors(),
    fresh: new FreshStarts(tasks),
    waitStatus,
  };
  const dropped = new DroppedRuns(runs);
  const repeated = new RepeatedTurns({ ...runs, dropped });
  const below = { ...runs, dropped, repeated };
  const afterCommit = new AfterCommit(below);
  const failed = new FailedBatches(below);
  const keeper = new ResultKeeper({ ...below, afterCommit, failed });
  const { turnsMax } = settings;
  committer.carry(new TurnBatches({ ...below, afterCommit, failed, keeper, turnsMax }));
  return { ...below, afterCommit, failed, keeper };
}
