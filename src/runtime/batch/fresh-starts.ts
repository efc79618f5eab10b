/**
 * Runs that begin in the very commit that accepts them: no queued row, no second commit. That happens
 * only while the batch has room for all runs of a group, no other run waits to begin, and this replica
 * owns their shards; otherwise the group is accepted as queued rows.
 */
import type { StartGroup } from '../wake/arrivals.ts';
import type { Work } from './made-batch.ts';
import { nothingHeld } from '../turn/held.ts';
import type { HotRun } from '../turn/hot-run.ts';
import { firstRunStatus } from '../turn/lifecycle.ts';
import type { NewRun, StartArrival } from '../../store/rows.ts';
import type { RoomsBelow } from './rooms-below.ts';

type Pending = { readonly group: StartGroup; left: number };

type FreshStartsOptions = Pick<RoomsBelow, 'agents' | 'arrivals' | 'runQueue' | 'shards'>;

export class FreshStarts {
  readonly #options: FreshStartsOptions;
  readonly #pending = new Map<string, Pending>();

  constructor(options: FreshStartsOptions) {
    this.#options = options;
  }

  /**
   * `taken`: turns that the batch holds already. If it is 0, the first group may be larger than `max`.
   */
  begin(max: number, taken: number): Work[] {
    const { runQueue, arrivals } = this.#options;
    const room = runQueue.freshMax;
    const runsMax = Math.min(max - taken, room);
    if (runsMax <= 0) return [];
    const groups = arrivals.takeGroups(runsMax, ({ runs }) => {
      if (runs.length > (taken > 0 ? runsMax : room)) return false;
      return runs.every((run) => this.#mayBegin(run));
    });
    return groups.flatMap((group) => {
      const pending: Pending = { group, left: group.runs.length };
      return group.runs.map((run): Work => {
        this.#pending.set(run.runId, pending);
        const hot = this.#hot(run);
        return { entry: runQueue.beginFresh(hot), hot, incoming: [], failure: null };
      });
    });
  }

  /**
   * The run's first turn has committed. When the first turns of its whole group have, the start is
   * answered.
   */
  accepted(runId: string): void {
    const pending = this.#take(runId);
    if (pending !== null) this.#accept(pending);
  }

  #accept(pending: Pending): void {
    pending.left -= 1;
    if (pending.left > 0) return;
    pending.group.resolve(pending.group.runs.map(() => null));
  }

  /**
   * The run's shard went to another replica meanwhile. The run is accepted as a queued row, since others
   * of its group may have begun. Does nothing for a run that is queued already, or whose start has its
   * answer.
   */
  queue(run: NewRun): void {
    const pending = this.#take(run.runId);
    if (pending === null) return;
    this.#options.arrivals.add({ kind: 'starts', value: run }).then(
      (fate) => {
        if (fate?.kind === 'refused') pending.group.reject(fate.error);
        else this.#accept(pending);
      },
      (error: unknown) => pending.group.reject(error),
    );
  }

  /**
   * The commit that was to begin these runs did not happen. Returns the groups that are whole, to be
   * accepted together. Of any other group some runs are committed or queued already, so the rest are
   * queued too. Runs that are no longer this replica's are among them: nobody else knows of their start.
   */
  giveBack(runs: readonly NewRun[]): StartGroup[] {
    const groups = new Map<StartGroup, NewRun[]>();
    for (const run of runs) {
      const pending = this.#pending.get(run.runId);
      if (pending === undefined) continue;
      groups.set(pending.group, [...(groups.get(pending.group) ?? []), run]);
    }
    return [...groups].flatMap(([group, own]) => {
      const isWhole = own.length === group.runs.length;
      for (const run of own) {
        if (isWhole) this.#take(run.runId);
        else this.queue(run);
      }
      return isWhole ? group : [];
    });
  }

  failed(runId: string, error: unknown): void {
    this.#take(runId)?.group.reject(error);
  }

  #take(runId: string): Pending | null {
    const pending = this.#pending.get(runId) ?? null;
    this.#pending.delete(runId);
    return pending;
  }

  #mayBegin(run: StartArrival): boolean {
    const { agents, shards } = this.#options;
    // Only the store can tell whether a run with this key exists, or was asked for by this request.
    if (run.idempotencyKey !== null || run.request !== undefined) return false;
    return shards.owns(run.shard) && agents.find(run.agent, run.version) !== undefined;
  }

  #hot(run: NewRun): HotRun {
    const agent = this.#options.agents.find(run.agent, run.version);
    if (agent === undefined) throw new TypeError('began a run of an unknown agent');
    return {
      run,
      agent,
      status: firstRunStatus,
      reason: null,
      turn: 0,
      build: null,
      state: null,
      chartText: null,
      held: nothingHeld,
      fresh: true,
    };
  }
}
