/**
 * The newest states of the open runs that fit a filter.
 *
 * It owns what its client has yet to get: of each run the newest state.
 *
 * 1. It begins with `reset` and a first page, and does so again when word may have been lost.
 * 2. A run that fitted and fits no more, or has ended, is told once more, with `fits: false`.
 * 3. Changes are told ten times a second at most. When more than `waitingMax` runs have changed that were not
 *    told, it begins again.
 */
import type { Clock } from '../../../library/live/live.ts';
import type { OneTenant } from '../../../domain/scope.ts';
import type { Topic, TopicFrame } from '../topic.ts';
import type { Projection } from './projection.ts';
import type { RunState } from './run-phases.ts';

const pageRuns = 100;
const framesMs = 100;
const frameRuns = 500;
const waitingMax = 2_000;

export type RunsFilter = {
  readonly status?: readonly string[] | undefined;
  readonly agent?: string | undefined;
  readonly user?: string | undefined;
  readonly pipeline?: string | undefined;
  readonly parentRunId?: string | undefined;
};

export type RunsTopicOptions = {
  readonly scope: OneTenant;
  readonly filter: RunsFilter;
  readonly projection: Projection;
  readonly clock: Pick<Clock, 'setTimer'>;
};

export class RunsTopic implements Topic {
  readonly isLog = false;
  readonly isOver = false;
  readonly #options: RunsTopicOptions;
  readonly #fitting = new Set<string>();
  readonly #waiting = new Map<string, RunState>();
  #ready: () => void = () => undefined;
  #leave: () => void = () => undefined;
  #mustReset = false;
  #cancelWait: (() => void) | null = null;

  constructor(options: RunsTopicOptions) {
    this.#options = options;
  }

  get about(): Readonly<Record<string, unknown>> {
    return { kind: 'runs', filter: this.#options.filter };
  }

  begin(ready: () => void): void {
    this.#ready = ready;
    this.#leave = this.#options.projection.watch({
      changed: (runs) => this.#changed(runs),
      reset: () => this.#reset(),
    });
  }

  take(): readonly TopicFrame[] {
    if (this.#cancelWait !== null) return [];
    const frames = this.#mustReset ? [this.#firstPage()] : this.#changes();
    if (frames.length > 0) {
      this.#cancelWait = this.#options.clock.setTimer(framesMs, () => {
        this.#cancelWait = null;
        if (this.#mustReset || this.#waiting.size > 0) this.#ready();
      });
    }
    return frames;
  }

  close(): void {
    this.#leave();
    this.#cancelWait?.();
  }

  #firstPage(): TopicFrame {
    this.#mustReset = false;
    const { projection, scope } = this.#options;
    const fitting = projection.open(scope).filter((run) => this.#fits(run));
    this.#fitting.clear();
    for (const { runId } of fitting) this.#fitting.add(runId);
    const newest = fitting.toSorted((a, b) => (a.runId < b.runId ? 1 : -1)).slice(0, pageRuns);
    const isWhole = projection.isWhole;
    const counts = projection.counts(scope);
    const data = { runs: newest.map(shown), total: fitting.length, counts, isWhole };
    return { event: 'reset', data };
  }

  #changes(): TopicFrame[] {
    const some = [...this.#waiting].slice(0, frameRuns);
    if (some.length === 0) return [];
    const runs = some.map(([runId, run]) => {
      this.#waiting.delete(runId);
      const fits = run.endedAtMs === null && this.#fits(run);
      if (fits) this.#fitting.add(runId);
      else this.#fitting.delete(runId);
      return { ...shown(run), fits };
    });
    const counts = this.#options.projection.counts(this.#options.scope);
    return [{ event: 'states', data: { runs, total: this.#fitting.size, counts } }];
  }

  #changed(runs: readonly RunState[]): void {
    if (this.#mustReset) return;
    for (const run of runs) {
      if (run.tenant !== this.#options.scope.tenant) continue;
      // What the client was never told of, and fits no more, is nothing to it.
      if (this.#fits(run) || this.#fitting.has(run.runId)) this.#waiting.set(run.runId, run);
      else this.#waiting.delete(run.runId);
    }
    if (this.#waiting.size > waitingMax) this.#reset();
    else if (this.#waiting.size > 0) this.#ready();
  }

  #reset(): void {
    this.#waiting.clear();
    this.#mustReset = true;
    this.#ready();
  }

  #fits(run: RunState): boolean {
    const { status, agent, user, pipeline, parentRunId } = this.#options.filter;
    return (
      (status === undefined || status.includes(run.status)) &&
      (agent === undefined || agent === run.agent) &&
      (user === undefined || user === run.user) &&
      (pipeline === undefined || pipeline === run.pipeline) &&
      (parentRunId === undefined || parentRunId === run.parentRunId)
    );
  }
}

/** Whose it is the client knows, and where it lives is nobody's concern. */
function shown(run: RunState): Readonly<Record<string, unknown>> {
  const { runId, agent, version, user, pipeline, parentRunId } = run;
  const { status, reason, turn, createdAtMs, endedAtMs, phase, provider } = run;
  const of = { runId, agent, version, user, pipeline, parentRunId };
  return { ...of, status, reason, turn, createdAtMs, endedAtMs, phase, provider };
}
