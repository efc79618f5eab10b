/**
 * Arrivals are requests from outside that are not yet durable: starts, sends, publishes, memory writes.
 * Each is answered when the commit that holds it has ended, and not before (promise 5).
 *
 * 1. Arrivals are committed in the order in which they came: one batch at a time carries some. Groups of
 *    starts are the exception: tenants and then users take turns, so a user who starts a thousand runs
 *    at once does not get the first thousand slots (promise 9).
 * 2. The queue is bounded; an arrival that does not fit is refused and changes nothing.
 */
import type { CapacitySettings } from '../../domain/capacity-settings.ts';
import { heddleError } from '../../domain/errors.ts';
import { madeAtMs } from '../../domain/ids.ts';
import { FairQueue } from '../../queue/fair-queue.ts';
import type { Arrivals } from '../../store/batch.ts';
import type { ArrivalKind, FateOf, Fates } from '../../store/fates.ts';
import type { StartArrival } from '../../store/rows.ts';
import type { TenantWeights } from './tenant-weights.ts';

export type ArrivalOf<Kind extends ArrivalKind> = {
  readonly kind: Kind;
  readonly value: Arrivals[Kind][number];
};
export type Arrival = { [Kind in ArrivalKind]: ArrivalOf<Kind> }[ArrivalKind];

type WaitingOf<Kind extends ArrivalKind> = ArrivalOf<Kind> & {
  /** Null: it was accepted as it was asked. */
  readonly resolve: (fate: FateOf[Kind] | null) => void;
  readonly reject: (error: unknown) => void;
};
type Waiting = { [Kind in ArrivalKind]: WaitingOf<Kind> }[ArrivalKind];

/** Runs that are accepted together or not at all. */
export type StartGroup = {
  readonly runs: readonly StartArrival[];
  /** By index of the runs. */
  readonly resolve: (fates: readonly (FateOf['starts'] | null)[]) => void;
  readonly reject: (error: unknown) => void;
};

export type ArrivalBatch = {
  readonly arrivals: Arrivals;
  /**
   * How many parts can be tried apart: single arrivals, and groups, each of which is accepted as a
   * whole.
   */
  readonly size: number;
  settle(fates: Fates): void;
  fail(error: unknown): void;
  /** Two batches with the same arrivals in the same order. They are settled instead of this one. */
  halves(): readonly ArrivalBatch[];
};

export class ArrivalQueue {
  readonly #waitingMax: number;
  readonly #weights: TenantWeights;
  #waiting: Waiting[] = [];
  readonly #groups: FairQueue<StartGroup>;
  #groupsSoFar = 0;
  #underWay = false;
  #closed = false;

  constructor(options: {
    readonly waitingMax: number;
    readonly weights: TenantWeights;
    readonly capacity: CapacitySettings;
  }) {
    this.#groups = new FairQueue(options.capacity.fairness);
    this.#waitingMax = options.waitingMax;
    this.#weights = options.weights;
  }

  get hasWork(): boolean {
    return !this.#underWay && (this.#waiting.length > 0 || this.#groups.size > 0);
  }

  /** True when groups of starts wait for a batch. */
  get startsWait(): boolean {
    return this.#groups.size > 0;
  }

  /** The arrival's outcome; null: it was accepted as asked. */
  add<Kind extends ArrivalKind>(arrival: ArrivalOf<Kind>): Promise<FateOf[Kind] | null> {
    return new Promise((resolve, reject) => {
      if (this.#refuse(arrival.value.tenant, reject)) return;
      const waiting: WaitingOf<Kind> = { ...arrival, resolve, reject };
      this.#waiting.push(waiting as Waiting);
    });
  }

  /** By index of the runs. */
  addStarts(runs: readonly StartArrival[]): Promise<readonly (FateOf['starts'] | null)[]> {
    const [first] = runs;
    if (first === undefined) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      if (this.#refuse(first.tenant, reject)) return;
      const { tenant, user, pipeline, priority } = first;
      const weight = this.#weights.of(tenant);
      const pipelineStartedAtMs = madeAtMs(first.runId);
      const place = { tenant, user, pipeline, pipelineStartedAtMs, priority, weight };
      this.#groupsSoFar += 1;
      this.#groups.push(String(this.#groupsSoFar), { runs, resolve, reject }, place);
    });
  }

  #refuse(tenant: string, reject: (error: unknown) => void): boolean {
    if (this.#closed) {
      reject(heddleError('closed'));
      return true;
    }
    const max = this.#waitingMax;
    if (this.#waiting.length + this.#groups.size < max) return false;
    reject(heddleError('queue-full', { tenant, max, retryAfterMs: 1_000 }));
    return true;
  }

  /**
   * Takes the groups of starts whose turn it is, up to `runsMax` runs, and stops at the first group that
   * `fits` refuses. A group is taken whole, so the first one may hold more than `runsMax` runs;
   * `library.ts` bounds a group by `turnsMax`.
   */
  takeGroups(runsMax: number, fits: (group: StartGroup) => boolean): StartGroup[] {
    const groups: StartGroup[] = [];
    let runs = 0;
    for (let next = this.#groups.peek(); next !== undefined; next = this.#groups.peek()) {
      runs += next.runs.length;
      if ((runs > runsMax && groups.length > 0) || !fits(next)) break;
      groups.push(next);
      this.#groups.pop();
    }
    return groups;
  }

  /** Takes what waits as one batch's arrivals; null when another batch carries some, or none wait. */
  take(max: number): ArrivalBatch | null {
    if (!this.hasWork) return null;
    this.#underWay = true;
    const items = this.#waiting.splice(0, max);
    const groups = this.takeGroups(max, () => true);
    return arrivalBatch(items, groups, () => {
      this.#underWay = false;
    });
  }

  /** This heddle closes: refuses the arrivals that wait and all that come later. */
  close(): void {
    this.#closed = true;
    const error = heddleError('closed');
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    for (let next = this.#groups.pop(); next !== undefined; next = this.#groups.pop()) {
      next.reject(error);
    }
  }
}

const numbered = ({ runs }: StartGroup, group: number): StartArrival[] =>
  runs.map((run) => ({ ...run, group }));

/**
 * Groups whose runs were to begin in the commit that accepts them; now they are accepted as queued rows.
 */
export function queuedGroups(groups: readonly StartGroup[]): ArrivalBatch {
  return arrivalBatch([], groups, () => undefined);
}

/** `over` is called once, when every part of the batch has been answered. */
function arrivalBatch(
  items: readonly Waiting[],
  groups: readonly StartGroup[],
  over: () => void,
): ArrivalBatch {
  const of = <Kind extends ArrivalKind>(kind: Kind): Extract<Waiting, { kind: Kind }>[] =>
    items.filter((item): item is Extract<Waiting, { kind: Kind }> => item.kind === kind);
  const single = {
    starts: of('starts'),
    inbox: of('inbox'),
    messages: of('messages'),
    memory: of('memory'),
  };
  return {
    arrivals: {
      starts: [...single.starts.map(({ value }) => value), ...groups.flatMap(numbered)],
      inbox: single.inbox.map(({ value }) => value),
      messages: single.messages.map(({ value }) => value),
      memory: single.memory.map(({ value }) => value),
    },
    size: items.length + groups.length,
    settle: (fates) => {
      over();
      single.starts.forEach(({ resolve }, i) => resolve(fates.of('starts', i)));
      single.inbox.forEach(({ resolve }, i) => resolve(fates.of('inbox', i)));
      single.messages.forEach(({ resolve }, i) => resolve(fates.of('messages', i)));
      single.memory.forEach(({ resolve }, i) => resolve(fates.of('memory', i)));
      let at = single.starts.length;
      for (const { runs, resolve } of groups) {
        const first = at;
        at += runs.length;
        resolve(runs.map((_, i) => fates.of('starts', first + i)));
      }
    },
    fail: (error) => {
      over();
      for (const { reject } of [...items, ...groups]) reject(error);
    },
    halves: () => {
      let open = 2;
      const partOver = (): void => {
        open -= 1;
        if (open === 0) over();
      };
      const half = (items.length + groups.length) >> 1;
      const ofGroups = Math.max(half - items.length, 0);
      return [
        arrivalBatch(items.slice(0, half), groups.slice(0, ofGroups), partOver),
        arrivalBatch(items.slice(half), groups.slice(ofGroups), partOver),
      ];
    },
  };
}
