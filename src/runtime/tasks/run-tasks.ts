/**
 * Compares the tasks that a run has open with those that run here. After each commit of a turn the two
 * are made equal, whatever has happened before, so a takeover needs no code of its own.
 *
 * Owns the first attempt of each task until it begins: it asks for a permit when its turn is made, so
 * that the commit can say that the run stands in line, and begins after the commit. Leaves attempts that
 * have begun to `tasks.ts`.
 *
 * 1. In line a task costs no more than its key and place. When it has its permit its run is woken, and
 *    what the task needs is read from the row (promise 7).
 * 2. While a run's row says that all its tasks stand in line, none of them begins. So after a crash the
 *    next owner knows from the row whether tasks may have been under way.
 * 3. A permit that was given ends with the attempt, or with the turn after which its task is not open
 *    any more.
 */
import type { Backlog } from '../wake/backlog.ts';
import { Signal } from '../signal.ts';
import type { RunId } from '../../domain/ids.ts';
import type { OpenInvocation, ChartState } from '../../kernel/port.ts';
import type { NewRun, RunAddress } from '../../store/rows.ts';
import type { LeaseValve } from '../calls/lease-valve.ts';
import { Names } from '../calls/call/names.ts';
import { OpenTask } from './open-task.ts';
import type { Permits } from '../calls/call/permits.ts';
import { Tasks, type TaskOutcome } from './tasks.ts';
import type { Clock, Log } from '../ports.ts';
import type { TenantWeights } from '../wake/tenant-weights.ts';
import type { Held } from '../turn/held.ts';
import type { HotRun } from '../turn/hot-run.ts';
import type { Incoming } from '../turn/incoming.ts';
import { inLineReasons } from '../turn/lifecycle.ts';
import { isWaiting, waitingReason } from '../turn/lost-tasks.ts';

export type RunTasksOptions = {
  readonly clock: Clock;
  readonly valve: LeaseValve;
  readonly permits: Permits;
  readonly weights: TenantWeights;
  readonly backlog: Backlog;
  readonly log: Log;
  readonly deliver: (run: NewRun, incoming: Incoming) => void;
  /** A task of this run has its permit: the run is to be loaded, and its open tasks settled. */
  readonly wake: (run: RunAddress) => void;
};

/** `reason` is what the run's row shows. */
type SettledRun = Pick<HotRun, 'run' | 'agent' | 'state' | 'held' | 'reason'>;

export class RunTasks {
  readonly #tasks: Tasks;
  readonly #permits: Permits;
  readonly #options: RunTasksOptions;
  /**
   * The first task of each run, which leads to the others: those that stand in line, run here, or have
   * an outcome that waits for the run's turn.
   */
  readonly #open = new Map<RunId, OpenTask>();
  readonly #names = new Names();
  /** A later attempt of one of this run's tasks has come into the line, or out of it. */
  readonly lineChanged = new Signal<[runId: RunId]>();

  constructor(options: RunTasksOptions) {
    this.#tasks = new Tasks(options);
    this.#permits = options.permits;
    this.#options = options;
    options.backlog.add(this);
  }

  /** How many tasks wait: in line for a permit, or in a backoff. */
  get waiting(): number {
    return this.#permits.lineLength + this.#tasks.backingOff;
  }

  /** A turn was computed: the tasks that it opens ask for permits. `settle` or `abandon` follows. */
  propose(run: NewRun, state: ChartState, held: Held): void {
    const invocations = openTasks(state, held);
    const known = invocations.length === 0 ? [] : this.#of(run.runId);
    for (const invocation of invocations) {
      if (known.some((task) => task.is(invocation))) continue;
      const weight = this.#options.weights.of(run.tenant);
      const of = { weight, names: this.#names, given: this.#given };
      const task = new OpenTask(run, invocation, of);
      this.#add(task);
      if (this.#permits.take(task)) task.isGiven = true;
    }
  }

  /**
   * Takes the run as a turn has left it; `state` is null when the run has ended. Tasks that it has open
   * begin as far as they have permits; tasks that it has left stop.
   */
  settle({ run, agent, state, held, reason }: SettledRun): void {
    const wanted = state?.status === 'active' ? openTasks(state, held) : none;
    if (state?.status === 'active') this.propose(run, state, held);
    for (const task of this.#of(run.runId)) {
      const invocation = wanted.find((one) => task.is(one));
      if (invocation === undefined) this.#drop(task);
      else if (task.isGiven && reason !== inLineReasons.all) {
        this.#start(run, { agent, invocation, task });
      }
    }
  }

  /**
   * The run is paused: tasks that have begun go on. Those that have not are dropped, and ask for permits
   * again when the run resumes.
   */
  rest(runId: RunId): void {
    for (const task of this.#of(runId)) {
      if (task.isGiven || this.#permits.isInLine(task)) this.#drop(task);
    }
  }

  abandon(runId: RunId): void {
    for (const task of this.#of(runId)) this.#drop(task);
  }

  hasOpen(runId: RunId): boolean {
    return this.#open.has(runId);
  }

  /** Runs of these shards that have a task here, also where nothing else of them is in memory. */
  runsOf(isOne: (shard: number) => boolean): readonly RunId[] {
    return [...this.#open].flatMap(([runId, { shard }]) => (isOne(shard) ? runId : []));
  }

  /** Why tasks of the run have not begun, for its row to show; null when all have begun. */
  reasonFor(runId: RunId, held: Held): string | null {
    if (this.areAllInLine(runId)) return inLineReasons.all;
    const isOneInLine =
      this.#permits.lineLength > 0 && this.#of(runId).some((task) => this.#isInLine(task));
    return isOneInLine ? inLineReasons.some : waitingReason(held);
  }

  /**
   * True when all tasks that the run has open here wait for their first permit: its row is enough until
   * then.
   */
  areAllInLine(runId: RunId): boolean {
    if (this.#permits.lineLength === 0) return false;
    const open = this.#of(runId);
    return open.length > 0 && open.every((task) => this.#permits.isInLine(task));
  }

  close(): void {
    this.#tasks.stopAll();
    this.#open.clear();
  }

  /** True when the task stands in line, for its first attempt or for a later one. */
  #isInLine(task: OpenTask): boolean {
    return this.#permits.isInLine(task) || this.#tasks.isInLine(task.key);
  }

  readonly #given = (task: OpenTask): void => {
    task.isGiven = true;
    const { tenant, runId, shard } = task;
    this.#options.wake({ tenant, runId, shard });
  };

  #of(runId: RunId): OpenTask[] {
    const tasks: OpenTask[] = [];
    for (let task = this.#open.get(runId) ?? null; task !== null; task = task.next)
      tasks.push(task);
    return tasks;
  }

  #add(task: OpenTask): void {
    const last = this.#of(task.runId).at(-1);
    if (last === undefined) this.#open.set(task.runId, task);
    else last.next = task;
  }

  #remove(task: OpenTask): void {
    const open = this.#of(task.runId);
    const at = open.indexOf(task);
    const before = open[at - 1];
    if (before !== undefined) before.next = task.next;
    else if (task.next === null) this.#open.delete(task.runId);
    else this.#open.set(task.runId, task.next);
    task.next = null;
  }

  #drop(task: OpenTask): void {
    this.#remove(task);
    if (task.isGiven) {
      task.isGiven = false;
      this.#permits.give();
    } else if (!this.#permits.leave(task)) this.#tasks.stop(task.key);
  }

  #start(
    run: NewRun,
    of: {
      readonly agent: HotRun['agent'];
      readonly invocation: OpenInvocation;
      readonly task: OpenTask;
    },
  ): void {
    const { id, incarnation, input, source } = of.invocation;
    if (source.kind !== 'task') throw new TypeError('a permit was given to what is no task');
    of.task.isGiven = false;
    this.#tasks.start({
      key: of.task.key,
      src: source.src,
      input,
      logic: of.agent.taskLogic(source.src),
      place: of.task,
      finish: (outcome: TaskOutcome) => {
        const event = { ...outcome, id, incarnation };
        this.#options.deliver(run, { kind: 'result', event });
      },
      inLine: () => this.lineChanged.tell(run.runId),
    });
  }
}

const none: readonly OpenInvocation[] = [];

function openTasks({ invocations }: ChartState, held: Held): readonly OpenInvocation[] {
  const tasks = invocations.filter((one) => one.source.kind === 'task' && !isWaiting(held, one));
  return tasks.length === 0 ? none : tasks;
}
