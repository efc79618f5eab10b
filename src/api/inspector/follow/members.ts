/**
 * Which runs one inspector is told of, and which of them have changed.
 *
 * It owns that choice: of the runs that fit the filter, the first `actorsMax`. It leaves to the session what is read
 * and sent of them.
 *
 * 1. A connection has `actorsMax` actors at most, ended ones among them: its receiver keeps them all, and has no pages.
 *    When more fit, it is known.
 * 2. A run of another tenant fits no filter.
 * 3. A run is entered after the run that has started it, if both fit.
 */
import type { OneTenant } from '../../../domain/scope.ts';
import type { RunBrief } from '../../../store/watch-port.ts';
import type { InspectFilter } from '../asked.ts';

export const actorsMax = 200;
/** Runs of one family that are known, so that those below them are. */
const familyMax = 10_000;

type Told = { turn: number; status: string };

export class Members {
  readonly #filter: InspectFilter;
  readonly #tenant: string;
  readonly #told = new Map<string, Told>();
  readonly #entering = new Map<string, RunBrief>();
  readonly #changed = new Set<string>();
  readonly #family = new Set<string>();
  #hasLeft = false;

  constructor(filter: InspectFilter, { tenant }: OneTenant) {
    this.#filter = filter;
    this.#tenant = tenant;
    if (filter.kind === 'run') this.#family.add(filter.runId);
  }

  /** Those that the client is not told of yet, parents before their children. */
  get entering(): readonly RunBrief[] {
    return [...this.#entering.values()];
  }

  /** Those that have changed since they were told. */
  get changed(): readonly string[] {
    return [...this.#changed];
  }

  /** Runs fitted for which there is no room, since `takeLeft`. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /** How many of the open runs fit that are not told. */
  takeLeft(open: readonly RunBrief[]): number {
    this.#hasLeft = false;
    return this.fitting(open).filter(({ runId }) => !this.#told.has(runId)).length;
  }

  /** The picture was read anew. */
  reset(open: readonly RunBrief[]): void {
    const own = open.filter(({ tenant }) => tenant === this.#tenant);
    const seen = new Set(own.map(({ runId }) => runId as string));
    for (const runId of this.#told.keys()) if (!seen.has(runId)) this.#changed.add(runId);
    this.#note(own.filter(({ runId }) => this.#told.has(runId)));
    const fitting = this.fitting(own);
    const byId = new Map(fitting.map((run) => [run.runId as string, run]));
    // The newest are what somebody looks at, with the runs that they stem from.
    for (const run of fitting.toSorted(byAge).toReversed()) {
      for (const one of [...aboveIn(run, byId), run]) this.enter(one);
    }
  }

  /** States that are news. */
  note(states: readonly RunBrief[]): void {
    const own = states.filter(({ tenant }) => tenant === this.#tenant);
    this.#note(own);
    for (const run of this.fitting(own.toSorted(byAge))) this.enter(run);
  }

  /** Those among these that fit, whether they are told or not. */
  fitting(runs: readonly RunBrief[]): readonly RunBrief[] {
    if (this.#filter.kind === 'runs') return runs.filter((run) => this.fits(run));
    // A run may stand before the one that has started it.
    for (let before = -1; before !== this.#family.size;) {
      before = this.#family.size;
      for (const { runId, parentRunId } of runs) {
        const isBelow = parentRunId !== null && this.#family.has(parentRunId);
        if (isBelow && this.#family.size < familyMax) this.#family.add(runId);
      }
    }
    return runs.filter((run) => this.fits(run));
  }

  fits({ tenant, runId, agent, user }: RunBrief): boolean {
    if (tenant !== this.#tenant) return false;
    const filter = this.#filter;
    if (filter.kind === 'run') return this.#family.has(runId);
    const { agent: ofAgent, user: ofUser } = filter;
    return (ofAgent === null || ofAgent === agent) && (ofUser === null || ofUser === user);
  }

  /** False: there is no room for it. */
  enter(run: RunBrief): boolean {
    const { runId } = run;
    if (this.#told.has(runId)) return true;
    if (!this.#entering.has(runId) && this.#told.size + this.#entering.size >= actorsMax) {
      this.#hasLeft = true;
      return false;
    }
    this.#entering.set(runId, run);
    return true;
  }

  /** The client has this state of it. */
  told(runId: string, { turn, status }: Told): void {
    const entered = this.#entering.get(runId);
    this.#entering.delete(runId);
    this.#told.set(runId, { turn, status });
    if (entered !== undefined && entered.turn > turn) this.#changed.add(runId);
  }

  /** It is not there any more. */
  gone(runId: string): void {
    this.#entering.delete(runId);
    this.#changed.delete(runId);
  }

  /** What was looked at could not be told. */
  lookAgain(runId: string): void {
    if (this.#told.has(runId)) this.#changed.add(runId);
  }

  /** It is looked at now: word that comes from now on counts anew. */
  looked(runId: string): void {
    this.#changed.delete(runId);
  }

  #note(runs: readonly RunBrief[]): void {
    for (const { runId, turn, status } of runs) {
      const told = this.#told.get(runId);
      if (told === undefined) continue;
      if (turn > told.turn || (turn === told.turn && status !== told.status))
        this.#changed.add(runId);
    }
  }
}

const byAge = (a: RunBrief, b: RunBrief): number =>
  a.createdAtMs - b.createdAtMs || (a.runId < b.runId ? -1 : 1);

/** The runs that it stems from, the first one first. */
function aboveIn(run: RunBrief, byId: ReadonlyMap<string, RunBrief>): readonly RunBrief[] {
  const above: RunBrief[] = [];
  for (
    let at = byId.get(run.parentRunId ?? '');
    at !== undefined;
    at = byId.get(at.parentRunId ?? '')
  ) {
    above.unshift(at);
  }
  return above;
}
