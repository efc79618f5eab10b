/**
 * Folds a run's journal through its chart once more, from a state that was kept (promise 10).
 *
 * 1. It never holds the process for longer than `goMsMax` at a time, but for one step.
 */
import { isRunEvent, type JournalEntry, type RunEvent } from '../../domain/event.ts';
import type { Agent, ChartState, Edge, Kernel, TracedStep } from '../../kernel/port.ts';
import type { Clock } from '../../runtime/ports.ts';
import type { CheckpointRow, JournalRow } from '../../store/rows.ts';

const goMsMax = 10;

/** A turn that was folded: the edges that it took. */
export type FoldedTurn = {
  readonly turn: number;
  readonly edges: readonly Edge[];
};

type FoldOptions = {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly agent: Agent;
  readonly runId: string;
};

export class PastFold {
  readonly #options: FoldOptions;
  #state: ChartState | null = null;
  #isOwnBuild = true;
  #isBroken = false;
  #sinceMs: number;

  /** `from`: the state from which it begins; null before the first turn. */
  constructor(options: FoldOptions, from: CheckpointRow | null) {
    this.#options = options;
    this.#sinceMs = options.clock.nowMs();
    if (from === null) return;
    const { kernel, agent, runId } = options;
    try {
      this.#state = kernel.restore(agent, from.chartText, runId, from.build);
    } catch {
      this.#isBroken = true;
    }
  }

  /** True while each step since the beginning was taken by the build of the chart that is here. */
  get isOwnBuild(): boolean {
    return this.#isOwnBuild;
  }

  /** The state as its run's row would have it. */
  text(): string | null {
    const { kernel, agent } = this.#options;
    const state = this.#state;
    if (state === null) return null;
    return state.status === 'active'
      ? kernel.persist(agent, state)
      : kernel.persistEnded(agent, state);
  }

  /** Null, for this turn and all after it, when the chart that is here does not take what the journal says. */
  async take({ turn, build, entriesText }: JournalRow): Promise<FoldedTurn | null> {
    const edges: Edge[] = [];
    for (const entry of JSON.parse(entriesText) as JournalEntry[]) {
      if (!isRunEvent(entry)) continue;
      await this.#breathe();
      if (build !== this.#options.agent.build) this.#isOwnBuild = false;
      const step = this.#step(entry);
      if (step === null) this.#isBroken = true;
      if (step === null || this.#isBroken) return null;
      // One by one: a step that runs wild may take more edges than a call has arguments.
      for (const edge of step.edges) edges.push(edge);
      this.#state = step.state;
    }
    return this.#isBroken ? null : { turn, edges };
  }

  #step(event: RunEvent): TracedStep | null {
    const { kernel, agent, runId } = this.#options;
    try {
      if (event.kind === 'start') return kernel.startTraced(agent, event.input, runId);
      if (this.#state === null) return null;
      const step = kernel.stepTraced(agent, this.#state, event, runId);
      return step.stale ? null : step;
    } catch {
      // An event that a chart of another build got may be none for this one.
      return null;
    }
  }

  async #breathe(): Promise<void> {
    const { clock } = this.#options;
    if (clock.nowMs() - this.#sinceMs < goMsMax) return;
    await new Promise<void>((resolve) => clock.soon(resolve));
    this.#sinceMs = clock.nowMs();
  }
}
