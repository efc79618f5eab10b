/**
 * From computed turns to the batch that commits them: what the turns record of calls, the slots that are
 * given, statuses that change between turns.
 *
 * Owns whether slots are part of a batch. Leaves to `turn-batch.ts` how the turns were computed.
 */
import type { ActionErrors } from './outcome/action-errors.ts';
import { makeBatch, type Committing } from '../../store/make-batch.ts';
import type { SealedCalls } from '../calls/calls-options.ts';
import { faultOf, isTurnsOwn } from '../fault.ts';
import type { Computed } from './compute-turns.ts';
import type { AfterCommit } from './outcome/after-commit.ts';
import type { DroppedRuns } from './outcome/dropped-runs.ts';
import type { WaitStatus } from './outcome/wait-status.ts';
import type { ComputedTurn, Faulty, MadeBatch, Taken, Work } from './made-batch.ts';
import type { FoldedTurn } from '../turn/folded-turn.ts';
import { brokenTurn } from '../turn/held-back.ts';
import { turnCommit } from '../turn/turn-commit.ts';
import type { RoomsBelow } from './rooms-below.ts';

export type BatchMakingOptions = Committing &
  Pick<RoomsBelow, 'budgets' | 'calls' | 'isolation' | 'kernel' | 'tasks'> & {
    readonly actionErrors: ActionErrors;
    readonly waitStatus: WaitStatus;
    readonly afterCommit: AfterCommit;
    readonly dropped: DroppedRuns;
  };

export class BatchMaking {
  readonly #options: BatchMakingOptions;
  /** True when the last batch left out the slots that it would have written. */
  owesSlots = false;

  constructor(options: BatchMakingOptions) {
    this.#options = options;
  }

  /** Between this and the call of `commit` nothing is awaited, so no call or slot changes in between. */
  make(
    { apart, works, arrived, faulty }: Taken,
    folded: readonly Computed<FoldedTurn>[],
  ): MadeBatch | null {
    const turns = this.#turnsOf(works, folded, faulty);
    for (const { work, turn } of turns) this.#propose(work, turn, apart);
    const { slots, providers, grants, charges } = this.#seal(apart);
    const statusChanges = apart === null ? this.#options.waitStatus.take() : [];
    const parts = turns.length + slots.length + providers.length + statusChanges.length;
    if (parts === 0 && arrived === null && charges === undefined) return null;
    const batch = makeBatch(this.#options, {
      turns: turns.map(({ commit }) => commit),
      statusChanges: statusChanges.map(({ change }) => change),
      slots,
      providers,
      charges,
      // What is tried apart after an error goes without them.
      attempts: apart === null ? this.#options.calls.attempts.take() : undefined,
      arrivals: arrived?.arrivals,
    });
    return { batch, turns, statusChanges, arrivals: arrived, grants };
  }

  #turnsOf(
    works: readonly Work[],
    folded: readonly Computed<FoldedTurn>[],
    faulty: Faulty[],
  ): ComputedTurn[] {
    return works.flatMap((work, i) => {
      if (this.#options.dropped.isGone(work)) return [];
      const turn = folded[i];
      if (turn?.kind !== 'done') {
        faulty.push({ ...work, fault: faultOf(turn?.error) });
        return [];
      }
      try {
        if (turn.result.changed) return this.#toCommit(work, turn.result);
        this.#options.afterCommit.nothingToDo(work.entry, work.hot);
      } catch (error) {
        faulty.push({ ...work, fault: faultOf(error) });
      }
      return [];
    });
  }

  #propose({ hot, incoming }: Work, turn: FoldedTurn, apart: Taken['apart']): void {
    const { calls } = this.#options;
    for (const item of incoming) if (item.kind === 'result') calls.recorded(hot.run, item);
    // The run's charges are written with slots, and a batch that tries parts apart writes no slots.
    if (turn.ended !== null && apart === null) calls.runEnds(hot.run);
    if (turn.ended === null && turn.state !== null && turn.status !== 'paused') {
      const { run, turn: before } = hot;
      const of = { run, held: turn.draft.held, turn: before + 1, status: turn.status };
      calls.propose(of, turn.state);
    }
  }

  /**
   * A batch that holds everything writes slots. After such a batch has failed, slots are tried in a
   * batch of their own.
   */
  #seal(apart: Taken['apart']): SealedCalls {
    const { calls } = this.#options;
    if (apart === 'calls' || (apart === null && !this.#options.isolation.holdsCalls)) {
      this.owesSlots = false;
      return calls.seal();
    }
    const sealed = calls.seal(0);
    calls.giveBack(sealed);
    this.owesSlots = true;
    return { slots: [], providers: [], grants: [] };
  }

  #toCommit(work: Work, folded: FoldedTurn): ComputedTurn {
    const { actionErrors, kernel } = this.#options;
    const notes = actionErrors.of(work.hot.run.runId);
    try {
      const turn = this.#withTasks(folded);
      return { work, turn, commit: turnCommit(kernel, turn, notes), notes };
    } catch (error) {
      if (!isTurnsOwn(error)) throw error;
      const failed = brokenTurn(work.hot, work.incoming, error.toJSON());
      return { work, turn: failed, commit: turnCommit(kernel, failed, notes), notes };
    }
  }

  /** The run's tasks ask for permits here, so that this commit can write which of them wait in line. */
  #withTasks(turn: FoldedTurn): FoldedTurn {
    const { tasks } = this.#options;
    if (turn.ended !== null || turn.state === null || turn.status !== 'running-task') return turn;
    const { run } = turn.draft.from;
    tasks.propose(run, turn.state, turn.draft.held);
    const reason = tasks.reasonFor(run.runId, turn.draft.held);
    return reason === null ? turn : { ...turn, reason };
  }
}
