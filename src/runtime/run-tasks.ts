/**
 * Which tasks a run has open, and which of them run here: a level, not an edge. After each commit
 * of a turn the two are made equal, so a takeover needs nothing of its own.
 */
import type { OpenInvocation, ChartState } from '../kernel/port.ts';
import { callKey } from './calls-by-run.ts';
import type { Gate } from './gate.ts';
import { Tasks, type TaskOutcome } from './tasks.ts';
import type { Clock } from './ports.ts';
import type { NewRun } from '../store/rows.ts';
import type { HotRun } from './turn/hot-run.ts';
import type { Incoming } from './turn/incoming.ts';

export class RunTasks {
  readonly #tasks: Tasks;
  readonly #deliver: (run: NewRun, incoming: Incoming) => void;
  /** Keys of a run's tasks that run here, or whose outcome waits for its turn. */
  readonly #open = new Map<string, Set<string>>();

  constructor(options: {
    readonly clock: Clock;
    readonly gate: Gate;
    readonly deliver: (run: NewRun, incoming: Incoming) => void;
  }) {
    this.#tasks = new Tasks(options.clock, options.gate);
    this.#deliver = options.deliver;
  }

  /** A turn has committed (`state` null: the run has ended): what it opened begins, what it left stops. */
  settle(run: NewRun, agent: HotRun['agent'], state: ChartState | null): void {
    const before = this.#open.get(run.runId);
    const wanted = new Set<string>();
    for (const invocation of state?.status === 'active' ? state.invocations : []) {
      if (invocation.source.kind !== 'task') continue;
      const key = callKey(run.runId, invocation.id, invocation.incarnation);
      wanted.add(key);
      if (before?.has(key) !== true) this.#start(run, agent, invocation, key);
    }
    for (const key of before ?? []) if (!wanted.has(key)) this.#tasks.stop(key);
    if (wanted.size > 0) this.#open.set(run.runId, wanted);
    else this.#open.delete(run.runId);
  }

  abandon(runId: string): void {
    for (const key of this.#open.get(runId) ?? []) this.#tasks.stop(key);
    this.#open.delete(runId);
  }

  close(): void {
    this.#tasks.stopAll();
    this.#open.clear();
  }

  #start(run: NewRun, agent: HotRun['agent'], invocation: OpenInvocation, key: string): void {
    const { id, incarnation, input, source } = invocation;
    if (source.kind !== 'task') return;
    this.#tasks.start({
      key,
      src: source.src,
      input,
      logic: agent.taskLogic(source.src),
      finish: (outcome: TaskOutcome) => {
        const event = { ...outcome, id, incarnation };
        this.#deliver(run, { kind: 'result', event });
      },
    });
  }
}
