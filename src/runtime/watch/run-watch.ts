/**
 * Tells listeners in this process of every change of this replica's runs: turns, statuses that change between turns
 * (`backoff`, `stalled` and back), and the phases of provider calls.
 *
 * It owns the listeners and which runs they have yet to hear of. What it tells is a hint: a turn or status is in a
 * row that is committed already, and a phase is nowhere else, so a listener that misses one asks `phaseOf`.
 *
 * 1. While nobody listens, a turn, a status and a move of a call cost one look at an empty map each.
 * 2. Turns and statuses are told at once. Phases are gathered for `gatherMs`, and of each run the newest is told.
 * 3. While a run waits that somebody listens to, its place is told once a second, if it has changed.
 * 4. A listener that begins hears the phases that are now, so that it needs to ask nobody else.
 */
import { thrownText } from '../../domain/thrown.ts';
import { noPhase, type Place, type RunPhase } from '../../domain/calls/phase.ts';
import type { RunId } from '../../domain/ids.ts';
import type { RunStatus } from '../../../machines/run.ts';
import type { Batch } from '../../store/batch.ts';
import type { Fates } from '../../store/fates.ts';
import type { Clock, Log } from '../ports.ts';

const gatherMs = 20;
const placesMs = 1_000;

/** A run as it is now. */
export type RunNow = RunPhase & {
  readonly tenant: string;
  readonly runId: RunId;
  readonly turn: number;
  readonly status: RunStatus;
  readonly ended: boolean;
};

/** `row`: its row has changed; else only its phase has. `place`: for those alone who listen to one run. */
export type RunWord = RunNow & { readonly row: boolean; readonly place: Place | null };

export type RunHearer = (word: RunWord) => void;

/** `place`: what was told last. */
type Heard = { readonly hearers: Set<RunHearer>; place: Place | null };
type Committed = Pick<Batch, 'turns' | 'arrivals' | 'providers'>;
type RunChange = Omit<RunNow, keyof RunPhase>;

/** What is known of the runs that have open calls. */
export interface CallPhases {
  /** Null: the run has no open call here. */
  nowOf(runId: RunId): RunNow | null;
  all(): Iterable<RunNow>;
  /** Null: it is in no line, or its place is not known. */
  placeOf(runId: RunId): Place | null;
}

export class RunWatch {
  readonly #clock: Pick<Clock, 'setTimer'>;
  readonly #log: Log;
  readonly #byRun = new Map<RunId, Heard>();
  readonly #all = new Set<RunHearer>();
  readonly #gates = new Set<() => void>();
  readonly #moved = new Map<RunId, RunChange>();
  #phases: CallPhases | null = null;
  #cancel: (() => void) | null = null;
  #cancelPlaces: (() => void) | null = null;

  constructor({ clock, log }: { readonly clock: Pick<Clock, 'setTimer'>; readonly log: Log }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** The calls are built later than this. */
  of(phases: CallPhases): void {
    this.#phases = phases;
  }

  /** One run. */
  run(runId: RunId, heard: RunHearer): () => void {
    const one = this.#byRun.get(runId) ?? { hearers: new Set(), place: null };
    this.#byRun.set(runId, one);
    one.hearers.add(heard);
    const now = this.#phases?.nowOf(runId) ?? null;
    if (now !== null) this.#tellOne(heard, { ...now, row: false, place: this.#placeOf(now) });
    this.#lookAtPlaces();
    return () => {
      one.hearers.delete(heard);
      if (one.hearers.size > 0 || this.#byRun.get(runId) !== one) return;
      this.#byRun.delete(runId);
      if (this.#byRun.size === 0) this.#lookAtPlaces();
    };
  }

  /** Every run of this replica. */
  runs(heard: RunHearer): () => void {
    this.#all.add(heard);
    for (const now of this.#phases?.all() ?? [])
      this.#tellOne(heard, { ...now, row: false, place: null });
    return () => void this.#all.delete(heard);
  }

  /** Rows of gates that this replica has written. */
  gates(heard: () => void): () => void {
    this.#gates.add(heard);
    return () => void this.#gates.delete(heard);
  }

  /** Places change without word of anybody: whoever goes first moves all others. */
  #lookAtPlaces(): void {
    if (this.#byRun.size === 0) {
      this.#cancelPlaces?.();
      this.#cancelPlaces = null;
      return;
    }
    this.#cancelPlaces ??= this.#clock.setTimer(placesMs, () => {
      this.#cancelPlaces = null;
      for (const [runId, { place: told }] of this.#byRun) {
        const place = this.#phases?.placeOf(runId) ?? null;
        if (place === null || (told !== null && isSame(place, told))) continue;
        const now = this.#phases?.nowOf(runId) ?? null;
        if (now !== null) this.#tell({ ...now, row: false }, this.#byRun.get(runId), []);
      }
      this.#lookAtPlaces();
    });
  }

  #placeOf({ runId, phase }: RunNow): Place | null {
    return phase === 'waits-for-slot' ? (this.#phases?.placeOf(runId) ?? null) : null;
  }

  phaseOf(runId: RunId): RunPhase {
    return this.#phases?.nowOf(runId) ?? noPhase;
  }

  /** Its row has changed, by a turn or between turns. */
  changed({ tenant, runId, turn, status, ended }: RunChange): void {
    if (!this.#hears(runId)) return;
    this.#moved.delete(runId);
    const { phase, provider } = ended ? noPhase : this.phaseOf(runId);
    this.#tell({ tenant, runId, turn, status, ended, phase, provider, row: true });
  }

  /** A call of the run has moved. */
  moved(call: Omit<RunChange, 'ended'>): void {
    if (!this.#hears(call.runId)) return;
    const { tenant, runId, turn, status } = call;
    this.#moved.set(runId, { tenant, runId, turn, status, ended: false });
    this.#cancel ??= this.#clock.setTimer(gatherMs, () => this.#tellMoved());
  }

  /** Runs that were accepted and have not begun, and gates whose rows were written. */
  committed({ turns, arrivals, providers }: Committed, fates: Fates): void {
    if (providers.length > 0) for (const heard of this.#gates) heard();
    if (this.#all.size === 0 && this.#byRun.size === 0) return;
    const committed = fates.without('turns', turns);
    const begun = new Set(committed.map(({ runId }) => runId));
    const starts = fates.without('starts', arrivals.starts);
    for (const { tenant, runId } of [...starts, ...committed.flatMap(({ children }) => children)]) {
      if (!begun.has(runId))
        this.changed({ tenant, runId, turn: 0, status: 'queued', ended: false });
    }
  }

  close(): void {
    this.#cancel?.();
    this.#cancelPlaces?.();
    this.#byRun.clear();
    this.#all.clear();
    this.#gates.clear();
    this.#moved.clear();
  }

  #hears(runId: RunId): boolean {
    return this.#all.size > 0 || this.#byRun.has(runId);
  }

  #tellMoved(): void {
    this.#cancel = null;
    const moved = [...this.#moved.values()];
    this.#moved.clear();
    for (const was of moved) {
      const now = this.#phases?.nowOf(was.runId) ?? { ...was, ...noPhase };
      this.#tell({ ...now, row: false });
    }
  }

  #tell(
    word: Omit<RunWord, 'place'>,
    one = this.#byRun.get(word.runId),
    all: Iterable<RunHearer> = this.#all,
  ): void {
    if (one !== undefined) {
      one.place = this.#placeOf(word);
      for (const heard of one.hearers) this.#tellOne(heard, { ...word, place: one.place });
    }
    for (const heard of all) this.#tellOne(heard, { ...word, place: null });
  }

  #tellOne(heard: RunHearer, word: RunWord): void {
    try {
      heard(word);
    } catch (error) {
      this.#log.warn('a watcher of runs threw', { error: thrownText(error) });
    }
  }
}

function isSame(a: Place, b: Place): boolean {
  const { length, aheadOfSameUser, estimateMs } = a;
  return (
    length === b.length && aheadOfSameUser === b.aheadOfSameUser && estimateMs === b.estimateMs
  );
}
