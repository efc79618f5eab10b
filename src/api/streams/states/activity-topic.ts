/**
 * What moves, for a picture of everything: counts by status, which runs have changed, the gates.
 *
 * It owns what changed since its last frame, and which runs its client has rows of. A frame comes every `frameMs` at
 * most, and only if something changed.
 *
 * 1. The first frame is `reset`, with a row for each open run; where there are very many, for one of `every`, which
 *    their ids choose: runs that begin later are chosen in the same way. When so many have come or gone that others
 *    are to be drawn, another `reset` says so.
 * 2. A frame holds at most `changesMax` changes, of runs that have a row. Beyond that it says `resync`, and
 *    another `reset` follows. Meanwhile no change is kept.
 * 3. The first change of a run that the client has no row of brings the row, whichever turn that is.
 */
import type { Clock } from '../../../library/live/live.ts';
import { everyFor, isDrawn, staysFor } from '../../../domain/drawn.ts';
import type { OneTenant } from '../../../domain/scope.ts';
import type { Topic, TopicFrame } from '../topic.ts';
import type { Gates } from './gates.ts';
import type { Projection } from './projection.ts';
import type { RunState } from './run-phases.ts';

const frameMs = 200;
const changesMax = 2_000;

export type ActivityTopicOptions = {
  readonly scope: OneTenant;
  readonly projection: Projection;
  /** Null: the client may not see them, because they are shared by all tenants. */
  readonly gates: Gates | null;
  readonly clock: Pick<Clock, 'setTimer'>;
};

type Ended = { completed: number; failed: number; cancelled: number };

export class ActivityTopic implements Topic {
  readonly isLog = false;
  readonly isOver = false;
  readonly about = { kind: 'activity' };
  readonly #options: ActivityTopicOptions;
  readonly #changes = new Map<string, RunState>();
  readonly #leave: (() => void)[] = [];
  /** Runs of which the client has rows. */
  #told = new Set<string>();
  /** One run of so many gets a row. */
  #every = 1;
  #ended: Ended = { completed: 0, failed: 0, cancelled: 0 };
  #hasChanged = false;
  #hasGates = false;
  #next: 'nothing' | 'resync' | 'reset' = 'nothing';
  #ready: () => void = () => undefined;
  #cancelWait: (() => void) | null = null;

  constructor(options: ActivityTopicOptions) {
    this.#options = options;
  }

  begin(ready: () => void): void {
    this.#ready = ready;
    const { projection, gates } = this.#options;
    const reset = (): void => {
      this.#next = 'reset';
      this.#changes.clear();
      ready();
    };
    this.#leave.push(projection.watch({ changed: (runs) => this.#changed(runs), reset }));
    this.#leave.push(
      gates?.watch(() => {
        this.#hasGates = true;
        ready();
      }) ?? (() => undefined),
    );
  }

  take(): readonly TopicFrame[] {
    if (this.#cancelWait !== null) return [];
    const frame = this.#frame();
    if (frame === null) return [];
    this.#cancelWait = this.#options.clock.setTimer(frameMs, () => {
      this.#cancelWait = null;
      this.#ready();
    });
    return [frame];
  }

  /** How many changes wait for the client. */
  get keptCount(): number {
    return this.#changes.size;
  }

  close(): void {
    this.#cancelWait?.();
    for (const leave of this.#leave.splice(0)) leave();
  }

  #frame(): TopicFrame | null {
    if (this.#next === 'reset') return this.#reset();
    if (!this.#hasChanged && !this.#hasGates) return null;
    const isMuch = this.#next === 'resync';
    const changes = [...this.#changes.values()].map((run) => this.#changeOf(run));
    const data = {
      counts: this.#options.projection.counts(this.#options.scope),
      phases: this.#options.projection.phaseCounts(this.#options.scope),
      ended: this.#ended,
      ...(isMuch ? { resync: true } : { changes }),
      ...(this.#hasGates ? this.#gates : {}),
    };
    this.#over();
    const open = Object.values(data.counts).reduce((sum, n) => sum + n, 0);
    this.#next = isMuch || !staysFor(this.#every, open) ? 'reset' : 'nothing';
    return { event: 'frame', data };
  }

  #reset(): TopicFrame {
    const { projection, scope } = this.#options;
    const open = projection.open(scope).toSorted((a, b) => (a.runId < b.runId ? -1 : 1));
    const every = staysFor(this.#every, open.length) ? this.#every : everyFor(open.length);
    const rows = open.filter(({ runId }) => isDrawn(runId, every));
    this.#told = new Set(rows.map(({ runId }) => runId));
    this.#every = every;
    this.#over();
    this.#next = 'nothing';
    const counts = projection.counts(scope);
    const isWhole = projection.isWhole;
    const phases = projection.phaseCounts(scope);
    const of = { counts, phases, total: open.length, every, isWhole, ...this.#gates };
    return { event: 'reset', data: { ...of, rows: rows.map(rowOf) } };
  }

  get #gates(): { readonly gates?: Gates['gates'] } {
    const { gates } = this.#options;
    return gates === null ? {} : { gates: gates.gates ?? [] };
  }

  #over(): void {
    this.#changes.clear();
    this.#ended = { completed: 0, failed: 0, cancelled: 0 };
    this.#hasChanged = false;
    this.#hasGates = false;
  }

  #changed(runs: readonly RunState[]): void {
    for (const run of runs) {
      if (run.tenant !== this.#options.scope.tenant) continue;
      this.#hasChanged = true;
      if (run.endedAtMs !== null) this.#ended[run.status as keyof Ended] += 1;
      if (isDrawn(run.runId, this.#every) && this.#next === 'nothing')
        this.#changes.set(run.runId, run);
      if (this.#changes.size > changesMax) this.#resync();
    }
    if (this.#hasChanged) this.#ready();
  }

  #resync(): void {
    this.#changes.clear();
    this.#next = 'resync';
  }

  #changeOf(run: RunState) {
    const isNew = !this.#told.has(run.runId);
    if (run.endedAtMs !== null) this.#told.delete(run.runId);
    else if (isNew) this.#told.add(run.runId);
    return isNew ? rowOf(run) : movedOf(run);
  }
}

const rowOf = ({ agent, user, pipeline, createdAtMs, ...run }: RunState) => {
  return { ...movedOf(run), agent, user, pipeline, createdAtMs };
};

type Moved = Pick<RunState, 'runId' | 'status' | 'turn' | 'phase' | 'provider'>;

const movedOf = ({ runId, status, turn, phase, provider }: Moved): Moved => {
  return { runId, status, turn, phase, provider };
};
