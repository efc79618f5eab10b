/**
 * Which tasks a run has open, and which of them run here: a level, not an edge. After each commit
 * of a turn the two are made equal, so a takeover needs nothing of its own.
 *
 * Owns the first attempt of each task until it begins: it asks for a permit when its turn is made, so that
 * the commit can say that the run stands in line, and begins after the commit.
 *
 * 1. In line a task costs no more than its key and place: when it has its permit its run is woken, and what
 *    it needs is read from the row (promise 7).
 * 2. A permit that was given ends with the attempt, or with the turn in which nobody wants it any more.
 */
import { madeAtMs, type RunId } from '../domain/ids.ts';
import type { OpenInvocation, ChartState } from '../kernel/port.ts';
import type { FairPlace } from '../providers/fair-queue.ts';
import type { NewRun, RunAddress } from '../store/rows.ts';
import { callKey } from './run-call.ts';
import type { Gate } from './gate.ts';
import type { Permits } from './permits.ts';
import { Tasks, type TaskOutcome } from './tasks.ts';
import type { Clock, Log } from './ports.ts';
import type { TenantWeights } from './tenant-weights.ts';
import type { HotRun } from './turn/hot-run.ts';
import type { Incoming } from './turn/incoming.ts';

export type RunTasksOptions = {
  readonly clock: Clock;
  readonly gate: Gate;
  readonly permits: Permits;
  readonly weights: TenantWeights;
  readonly log: Log;
  readonly deliver: (run: NewRun, incoming: Incoming) => void;
  /** A task of this run has its permit: its run is to be read, and what is open settled. */
  readonly wake: (run: RunAddress) => void;
  /** A further attempt of this run has come into the line, or out of it. */
  readonly inLine: (runId: NewRun['runId']) => void;
};

type OpenTasks = { readonly shard: number; readonly keys: Set<string> };

export class RunTasks {
  readonly #tasks: Tasks;
  readonly #permits: Permits;
  readonly #options: RunTasksOptions;
  /** A run's tasks that are in line, run here, or whose outcome waits for its turn. */
  readonly #open = new Map<RunId, OpenTasks>();
  /** Tasks that have a permit and have not begun. */
  readonly #given = new Set<string>();

  constructor(options: RunTasksOptions) {
    this.#tasks = new Tasks(options);
    this.#permits = options.permits;
    this.#options = options;
  }

  /** A turn was computed: what it opens asks for permits. `settle` or `abandon` follows. */
  propose(run: NewRun, state: ChartState): void {
    for (const [key] of openTasks(run, state)) {
      const open = this.#open.get(run.runId);
      if (open?.keys.has(key) === true) continue;
      if (open === undefined) {
        this.#open.set(run.runId, { shard: run.shard, keys: new Set([key]) });
      } else open.keys.add(key);
      this.#ask(run, key);
    }
  }

  /** A turn has committed (`state` null: the run has ended): what it opened begins, what it left stops. */
  settle(run: NewRun, agent: HotRun['agent'], state: ChartState | null): void {
    if (state?.status === 'active') this.propose(run, state);
    const open = this.#open.get(run.runId)?.keys;
    if (open === undefined) return;
    const wanted = new Map(state?.status === 'active' ? openTasks(run, state) : []);
    for (const key of open) if (!wanted.has(key)) this.#drop(open, key);
    if (open.size === 0) this.#open.delete(run.runId);
    for (const [key, invocation] of wanted) {
      if (this.#given.delete(key)) this.#start(run, { agent, invocation, key });
    }
  }

  /** The run is paused: what has begun goes on, and what has not is asked for again when it resumes. */
  rest(runId: RunId): void {
    const open = this.#open.get(runId)?.keys;
    if (open === undefined) return;
    for (const key of open) {
      if (this.#given.has(key) || !this.#hasBegun(key)) this.#drop(open, key);
    }
    if (open.size === 0) this.#open.delete(runId);
  }

  abandon(runId: RunId): void {
    const open = this.#open.get(runId)?.keys;
    if (open === undefined) return;
    for (const key of open) this.#drop(open, key);
    this.#open.delete(runId);
  }

  hasOpen(runId: RunId): boolean {
    return this.#open.has(runId);
  }

  /** Runs of these shards that have a task here, also where nothing else of them is in memory. */
  runsOf(isOne: (shard: number) => boolean): readonly RunId[] {
    return [...this.#open].flatMap(([runId, { shard }]) => (isOne(shard) ? runId : []));
  }

  /** A task of the run waits for a permit. */
  isInLine(runId: RunId): boolean {
    if (this.#permits.lineLength === 0) return false;
    for (const key of this.#open.get(runId)?.keys ?? [])
      if (this.#permits.isInLine(key)) return true;
    return false;
  }

  /** All that the run has open here waits for its first permit: its row is enough until then. */
  areAllInLine(runId: RunId): boolean {
    const open = this.#open.get(runId)?.keys;
    if (open === undefined || this.#permits.lineLength === 0) return false;
    for (const key of open) {
      if (this.#tasks.has(key) || !this.#permits.isInLine(key)) return false;
    }
    return true;
  }

  close(): void {
    this.#tasks.stopAll();
    this.#open.clear();
  }

  /** It runs, is in a backoff, or its outcome waits for a turn. */
  #hasBegun(key: string): boolean {
    return this.#tasks.has(key) || !this.#permits.isInLine(key);
  }

  #ask(run: NewRun, key: string): void {
    const { tenant, runId, shard } = run;
    const given = this.#permits.take(key, this.#placeOf(run), () => {
      this.#given.add(key);
      this.#options.wake({ tenant, runId, shard });
    });
    if (given) this.#given.add(key);
  }

  #placeOf({ tenant, user, pipeline, priority, runId }: NewRun): FairPlace {
    const weight = this.#options.weights.of(tenant);
    return { tenant, user, pipeline, priority, weight, pipelineStartedAtMs: madeAtMs(runId) };
  }

  #drop(open: Set<string>, key: string): void {
    open.delete(key);
    if (this.#given.delete(key)) this.#permits.give();
    else if (this.#tasks.has(key)) this.#tasks.stop(key);
    else this.#permits.leave(key);
  }

  #start(
    run: NewRun,
    of: {
      readonly agent: HotRun['agent'];
      readonly invocation: OpenInvocation;
      readonly key: string;
    },
  ): void {
    const { id, incarnation, input, source } = of.invocation;
    if (source.kind !== 'task') throw new TypeError('a permit was given to what is no task');
    this.#tasks.start({
      key: of.key,
      src: source.src,
      input,
      logic: of.agent.taskLogic(source.src),
      place: this.#placeOf(run),
      finish: (outcome: TaskOutcome) => {
        const event = { ...outcome, id, incarnation };
        this.#options.deliver(run, { kind: 'result', event });
      },
      inLine: () => this.#options.inLine(run.runId),
    });
  }
}

const none: readonly [string, OpenInvocation][] = [];

function openTasks(run: NewRun, state: ChartState): readonly [string, OpenInvocation][] {
  const tasks = state.invocations.filter(({ source }) => source.kind === 'task');
  if (tasks.length === 0) return none;
  return tasks.map((one) => [callKey(run.runId, one.id, one.incarnation), one]);
}
