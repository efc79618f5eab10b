/**
 * Folds a run's journal through its chart once more, from a state that was kept (promise 10).
 *
 * 1. It never holds the process for longer than `goMsMax` at a time, but for one step.
 * 2. Only the turns whose edges are wanted are traced.
 */
import { isRunEvent, type JournalEntry, type RunEvent } from '../../domain/event.ts';
import type { Json } from '../../domain/json.ts';
import type { Agent, ChartState, Edge, Kernel, Step, TracedStep } from '../../kernel/port.ts';
import type { Clock } from '../../runtime/ports.ts';
import type { CheckpointRow } from '../../store/rows.ts';
import { openedBy, stoppedBy, type TurnOpened, type TurnStopped } from './open-in.ts';

const goMsMax = 10;

/** A turn as the journal has it. */
export type Line = {
  readonly build: string | null;
  readonly entries: readonly JournalEntry[];
};

/** What a turn did: where it led, the edges that it took, and what it opened and stopped, each in order. */
export type Taken = {
  /** XState's state value after it; null before the chart began. */
  readonly value: Json;
  readonly edges: readonly Edge[];
  readonly opened: readonly TurnOpened[];
  readonly stopped: readonly TurnStopped[];
  /** As `isOwnBuild` after the turn. */
  readonly isOwnBuild: boolean;
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

  /** False, for this turn and all after it, when the chart that is here does not take what the journal says. */
  async pass(line: Line): Promise<boolean> {
    return this.#fold(line, (event) => this.#step(event));
  }

  /** As `pass`, with what the turn did; null in place of false. */
  async take(line: Line): Promise<Taken | null> {
    const edges: Edge[] = [];
    const opened: TurnOpened[] = [];
    const stopped: TurnStopped[] = [];
    const isTaken = await this.#fold(line, (event) => {
      const step = this.#stepTraced(event);
      // One by one: a step that runs wild may take more edges than a call has arguments.
      for (const edge of step?.edges ?? []) edges.push(edge);
      for (const effect of step?.effects ?? []) {
        const begun = openedBy(effect);
        if (begun !== null) opened.push(begun);
        const ended = stoppedBy(effect);
        if (ended !== null) stopped.push(ended);
      }
      return step;
    });
    if (!isTaken) return null;
    const value = this.#state?.value ?? null;
    return { value, edges, opened, stopped, isOwnBuild: this.#isOwnBuild };
  }

  async #fold({ build, entries }: Line, step: (event: RunEvent) => Step | null): Promise<boolean> {
    for (const entry of entries) {
      if (!isRunEvent(entry)) continue;
      if (this.#options.clock.nowMs() - this.#sinceMs >= goMsMax) await this.#breathe();
      if (build !== this.#options.agent.build) this.#isOwnBuild = false;
      const state = this.#isBroken ? null : this.#stateAfter(() => step(entry));
      if (state === null) {
        this.#isBroken = true;
        return false;
      }
      this.#state = state;
    }
    return !this.#isBroken;
  }

  #stateAfter(step: () => Step | null): ChartState | null {
    try {
      const taken = step();
      return taken === null || taken.stale ? null : taken.state;
    } catch {
      // An event that a chart of another build got may be none for this one.
      return null;
    }
  }

  #step(event: RunEvent): Step | null {
    const { kernel, agent, runId } = this.#options;
    if (event.kind === 'start') return kernel.start(agent, event.input, runId);
    return this.#state && kernel.step(agent, this.#state, event, runId);
  }

  #stepTraced(event: RunEvent): TracedStep | null {
    const { kernel, agent, runId } = this.#options;
    if (event.kind === 'start') return kernel.startTraced(agent, event.input, runId);
    return this.#state && kernel.stepTraced(agent, this.#state, event, runId);
  }

  async #breathe(): Promise<void> {
    const { clock } = this.#options;
    await new Promise<void>((resolve) => clock.soon(resolve));
    this.#sinceMs = clock.nowMs();
  }
}
