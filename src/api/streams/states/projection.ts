/**
 * The newest known state of every open run, for lists and counts that move.
 *
 * It owns that picture, only while somebody watches. It is read once, shard by shard, and then fed by word of
 * changes: a changed run is read by key. Runs of shards that are not reached are read anew once a second.
 * Phases come by word alone, so of runs that are not reached they are `unknown`.
 *
 * 1. A state never gives way to an older one: a run's turn only grows.
 * 2. Whoever watches is told `reset` when word may have been lost, after the picture was read anew.
 * 3. It holds `openMax` runs at most. Beyond that it says that it is not whole.
 * 4. A phase is told with a state that was read, and only of a run that calls a provider.
 * 5. Word that comes while a run is read has it read again, and the end of a run is told once.
 */
import { thrownText } from '../../../domain/thrown.ts';
import { shardCount } from '../../../domain/ids.ts';
import type { OneTenant } from '../../../domain/scope.ts';
import type { Live } from '../../../library/live/live.ts';
import { noPhase } from '../../../domain/calls/phase.ts';
import type { News, RunNews } from '../../../library/live/news.ts';
import type { RunBrief } from '../../../store/watch-port.ts';
import type { NewsBoard } from '../news-board.ts';
import type { Reach } from '../reach.ts';
import { RunPhases, type RunState } from './run-phases.ts';
import { StatusCounts } from './status-counts.ts';
import { ToldEnds } from './told-ends.ts';

const gatherMs = 50;
const readsMax = 1_000;
const pageRuns = 2_000;
const openMax = 200_000;
const lookMs = 1_000;

export type StatesHearer = {
  readonly changed: (states: readonly RunState[]) => void;
  readonly reset: () => void;
};

export type ProjectionOptions = {
  readonly live: Pick<Live, 'clock' | 'log' | 'reads'>;
  readonly board: NewsBoard;
  readonly reach: Reach;
};

type Key = Pick<RunBrief, 'tenant' | 'runId'>;

const keyOf = ({ tenant, runId }: Key): string => `${tenant}\u0000${runId}`;
const allShards = Array.from({ length: shardCount }, (_, shard) => shard);

export class Projection {
  readonly #options: ProjectionOptions;
  readonly #hearers = new Set<StatesHearer>();
  readonly #open = new Map<string, RunBrief>();
  readonly #counts = new StatusCounts();
  readonly #phases: RunPhases;
  /** Of these the phase alone has changed. */
  readonly #moved = new Map<string, Key>();
  readonly #touched = new Map<string, Key>();
  readonly #ends = new ToldEnds();
  #leave: (() => void)[] = [];
  /** Grows when watching begins and ends: what was begun before is dropped. */
  #era = 0;
  #isSeeded = false;
  #isWhole = true;
  #mustSweep = false;
  #isReading = false;

  constructor(options: ProjectionOptions) {
    this.#options = options;
    this.#phases = new RunPhases(options.reach);
  }

  /** `reset` is called when the picture is there. */
  watch(hearer: StatesHearer): () => void {
    this.#hearers.add(hearer);
    if (this.#hearers.size === 1) this.#begin();
    else if (this.#isSeeded) hearer.reset();
    return () => {
      if (this.#hearers.delete(hearer) && this.#hearers.size === 0) this.#end();
    };
  }

  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** In no promised order. */
  open({ tenant }: OneTenant): RunState[] {
    const own = [...this.#open.values()].filter((run) => run.tenant === tenant);
    return own.map((run) => this.#phases.of(keyOf(run), run));
  }

  /** Open runs by status. */
  counts({ tenant }: OneTenant): Readonly<Record<string, number>> {
    return this.#counts.of(tenant);
  }

  /** Its open runs by phase. Counted when it is asked for, and again only after a change. */
  phaseCounts({ tenant }: OneTenant): Readonly<Record<string, number>> {
    return this.#phases.counts(tenant, this.#open);
  }

  #begin(): void {
    this.#era += 1;
    const heard = (news: News): void => {
      if (news.kind === 'run') this.#heard(news);
    };
    const missed = (): void => this.#sweepSoon();
    const { board, reach } = this.#options;
    this.#leave = [
      () => undefined,
      board.follow({ kind: 'runs' }, { heard, missed }),
      reach.onChange(() => this.#reachChanged()),
    ];
    this.#sweepSoon();
    this.#lookAgain(this.#era);
  }

  #end(): void {
    this.#era += 1;
    for (const leave of this.#leave.splice(0)) leave();
    this.#open.clear();
    this.#counts.clear();
    this.#touched.clear();
    this.#phases.clear();
    this.#moved.clear();
    this.#ends.clear();
    this.#isSeeded = false;
    this.#isWhole = true;
  }

  #heard({ tenant, runId, phase, provider, row, ended }: RunNews): void {
    const run = { tenant, runId };
    const key = keyOf(run);
    this.#phases.tell(key, ended ? noPhase : { phase, provider });
    if (row) return this.#touch(run);
    this.#moved.set(key, run);
    this.#readSoon();
  }

  #touch(run: Key): void {
    const { tenant, runId } = run;
    this.#touched.set(keyOf(run), { tenant, runId });
    this.#readSoon();
  }

  #sweepSoon(): void {
    this.#mustSweep = true;
    this.#readSoon();
  }

  #readSoon(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#options.live.clock.setTimer(gatherMs, () => void this.#readAll());
  }

  async #readAll(): Promise<void> {
    // Who watched when the timer was set may have left, and another have come: the picture is read for those.
    const era = this.#era;
    try {
      if (this.#hearers.size === 0) return;
      if (this.#mustSweep) {
        this.#mustSweep = false;
        await this.#sweep(allShards, era);
        if (era === this.#era) this.#seeded();
      }
      await this.#readTouched(era);
      if (era === this.#era) this.#tellMoved();
    } catch (error) {
      this.#options.live.log.warn('states could not be read', { error: thrownText(error) });
      this.#mustSweep = true;
    } finally {
      this.#isReading = false;
    }
    if (this.#hearers.size > 0 && (this.#mustSweep || this.#hasChanges)) this.#readSoon();
  }

  get #hasChanges(): boolean {
    return this.#touched.size > 0 || this.#moved.size > 0;
  }

  /** Runs of which the phase alone has changed. */
  #tellMoved(): void {
    const moved = [...this.#moved.keys()].flatMap((key) => this.#open.get(key) ?? []);
    this.#moved.clear();
    this.#tell(moved);
  }

  #reachChanged(): void {
    for (const [key, run] of this.#phases.changedBy(this.#open)) this.#moved.set(key, run);
    if (this.#moved.size > 0) this.#readSoon();
  }

  #tell(runs: readonly RunBrief[]): void {
    this.#phases.changed();
    if (runs.length === 0 || !this.#isSeeded) return;
    const states = runs.map((run) => this.#phases.of(keyOf(run), run));
    for (const { changed } of this.#hearers) changed(states);
  }

  #seeded(): void {
    this.#isSeeded = true;
    for (const { reset } of this.#hearers) reset();
  }

  async #readTouched(era: number): Promise<void> {
    const some = [...this.#touched].slice(0, readsMax);
    if (some.length === 0) return;
    // Before the read: word that comes during it may be of what the read does not see any more.
    for (const [key] of some) this.#touched.delete(key);
    let found: readonly RunBrief[];
    try {
      found = await this.#options.live.reads.briefs(some.map(([, run]) => run));
    } catch (error) {
      if (era === this.#era) for (const [key, run] of some) this.#touched.set(key, run);
      throw error;
    }
    if (era !== this.#era) return;
    const known = new Set(found.map(keyOf));
    // What is not there any more was deleted by retention.
    for (const [key] of some) if (!known.has(key)) this.#forget(key);
    this.#take(found);
  }

  /** Reads the open runs of these shards; those that were open and are not among them are read by key. */
  async #sweep(shards: readonly number[], era: number): Promise<void> {
    for (const shard of shards) {
      const seen = new Set<string>();
      for (let after: Key | null = null; ;) {
        const page: readonly RunBrief[] = await this.#options.live.reads.openBriefs({
          shard,
          after,
          limit: pageRuns,
        });
        if (era !== this.#era) return;
        for (const run of page) seen.add(keyOf(run));
        this.#take(page);
        after = page.at(-1) ?? null;
        if (page.length < pageRuns || after === null) break;
      }
      for (const [key, run] of this.#open) {
        if (run.shard === shard && !seen.has(key)) this.#touched.set(key, run);
      }
    }
  }

  #take(found: readonly RunBrief[]): void {
    this.#tell(found.filter((run) => this.#isNews(run)));
  }

  #isNews(run: RunBrief): boolean {
    const key = keyOf(run);
    const known = this.#open.get(key);
    if (known !== undefined) {
      const { turn, status, reason } = known;
      if (run.turn < turn) return false;
      if (run.turn === turn && run.status === status && run.reason === reason) return false;
    }
    if (run.endedAtMs !== null) {
      this.#forget(key);
      return this.#ends.isNew(key);
    }
    if (known === undefined && this.#open.size >= openMax) {
      this.#isWhole = false;
      return false;
    }
    this.#forget(key);
    this.#open.set(key, run);
    this.#counts.add(run, 1);
    return true;
  }

  #forget(key: string): void {
    const known = this.#open.get(key);
    if (known === undefined) return;
    this.#open.delete(key);
    this.#counts.add(known, -1);
  }

  /** Nobody brings word of the runs of these shards. */
  #lookAgain(era: number): void {
    const { live, reach } = this.#options;
    const cancel = live.clock.setTimer(lookMs, () => {
      const unreached = allShards.filter((shard) => !reach.reaches(shard));
      const looked = this.#isSeeded ? this.#sweep(unreached, era) : Promise.resolve();
      void looked
        .catch((error: unknown) => {
          live.log.warn('states could not be read', { error: thrownText(error) });
        })
        .then(() => {
          if (era !== this.#era) return;
          if (this.#hasChanges) this.#readSoon();
          this.#lookAgain(era);
        });
    });
    this.#leave[0] = cancel;
  }
}
