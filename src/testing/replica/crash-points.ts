/**
 * Crashes that a test has ordered for a certain moment: before a commit takes effect, after it has
 * and before the replica learns of it, or while a provider call is out.
 *
 * It owns the list of ordered moments. test-world.ts carries out the crash.
 *
 * 1. An order is carried out once, at the first moment that fits.
 * 2. An order that was never carried out is reported at the end, because the test then shows
 *    nothing.
 */
import { refuseField } from '../../domain/field.ts';
import { asOptions } from '../../domain/options.ts';
import type { Batch, TurnCommit } from '../../store/batch.ts';
import { Fates, type BatchOutcome } from '../../store/fates.ts';

/** The runs whose moments count: one run by its handle, the runs of one agent, or all. */
export type CrashOf = {
  /** Only this run. */
  readonly run?: {
    /** The run's id. */
    readonly id: string;
  };
  /** Only runs of this agent. */
  readonly agent?: string;
};

/**
 * A moment at which the replica crashes.
 *
 * - `{ before: 'commit' }`: the next transaction is asked for and takes no effect.
 * - `{ after: 'commit' }`: it has taken effect, and the replica does not learn of it.
 * - `{ after: 'call' }`: a provider call was sent, and its answer never reaches the replica.
 *
 * With `run` or `agent` only the turns and calls of these runs count; `turn` is the number of the
 * run's turn, from 1.
 */
export type CrashPoint = CrashOf &
  (
    | {
        /** Just before a commit takes effect. */
        readonly before: 'commit';
        /** The run's turn, from 1. Default: any turn. */
        readonly turn?: number;
      }
    | {
        /** Just after a commit has taken effect. */
        readonly after: 'commit';
        /** The run's turn, from 1. Default: any turn. */
        readonly turn?: number;
      }
    | {
        /** Just after a provider call was sent. */
        readonly after: 'call';
      }
  );

/** Returns the agent of a stored run. */
type AgentOf = (runId: string) => string | undefined;

const pointKeys = ['before', 'after', 'run', 'agent', 'turn'] as const;

export class CrashPoints {
  readonly #agentOf: AgentOf;
  #ordered: CrashPoint[] = [];

  constructor(agentOf: AgentOf) {
    this.#agentOf = agentOf;
  }

  /** Throws `invalid-field` for a value that names no moment. */
  order(given: CrashPoint): void {
    type Given = { readonly before?: unknown; readonly after?: unknown; readonly turn?: unknown };
    const { before, after, turn } = asOptions<Given>(given, 'crashAt', pointKeys as never);
    const isCommit = (before === 'commit') !== (after === 'commit');
    if (!isCommit && (after !== 'call' || before !== undefined)) {
      refuseField('crashAt', "must have before: 'commit', after: 'commit' or after: 'call'");
    }
    if (turn !== undefined && (!isCommit || !Number.isInteger(turn))) {
      refuseField('crashAt.turn', 'must be the number of a turn, and goes with a commit');
    }
    this.#ordered.push(given);
  }

  /** True when the replica must crash before this commit takes effect. */
  before(batch: Batch): boolean {
    return this.#take((point) => 'before' in point && this.#isOf(point, batch, batch.turns));
  }

  /** True when the replica must crash after this commit has taken effect. */
  after(batch: Batch, outcome: BatchOutcome): boolean {
    const turns = new Fates(outcome.fates).without('turns', batch.turns);
    return this.#take((point) => isAfterCommit(point) && this.#isOf(point, batch, turns));
  }

  /** True when the replica must crash after a call of this run was sent. */
  afterCall(runId: string): boolean {
    return this.#take((point) => {
      if (!('after' in point) || point.after !== 'call') return false;
      return this.#isRun(point, { runId });
    });
  }

  /** The ordered crashes that have not happened. */
  get missed(): readonly CrashPoint[] {
    return this.#ordered;
  }

  #take(fits: (point: CrashPoint) => boolean): boolean {
    const place = this.#ordered.findIndex(fits);
    if (place >= 0) this.#ordered.splice(place, 1);
    return place >= 0;
  }

  #isOf(point: CrashPoint, batch: Batch, turns: readonly TurnCommit[]): boolean {
    const turn = 'turn' in point ? point.turn : undefined;
    const isAny = turn === undefined && point.run === undefined && point.agent === undefined;
    if (isAny) return turns.length > 0 || batch.arrivals.starts.length > 0;
    return turns.some((one) => {
      if (turn !== undefined && one.expectedTurn + 1 !== turn) return false;
      return one.create === null ? this.#isRun(point, one) : isOf(point, one.create);
    });
  }

  #isRun(point: CrashOf, { runId }: { readonly runId: string }): boolean {
    const agent = point.agent === undefined ? undefined : this.#agentOf(runId);
    return isOf(point, { runId, agent });
  }
}

function isAfterCommit(point: CrashPoint): boolean {
  return 'after' in point && point.after === 'commit';
}

function isOf(
  point: CrashOf,
  run: { readonly runId: string; readonly agent: string | undefined },
): boolean {
  if (point.run !== undefined && point.run.id !== run.runId) return false;
  return point.agent === undefined || point.agent === run.agent;
}
