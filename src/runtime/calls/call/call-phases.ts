/** What the calls of this replica's runs do now, for those who watch runs. It owns nothing and costs nothing unasked. */
import type { RunId } from '../../../domain/ids.ts';
import {
  longestWaitsMax,
  phaseOfAll,
  type CallNow,
  type GateWaits,
  type Phase,
  type Place,
  type RunPhase,
} from '../../../domain/calls/phase.ts';
import type { RunStatus } from '../../../../machines/run.ts';
import type { Pool } from '../../../providers/capacity/pool.ts';
import type { Clock } from '../../ports.ts';
import type { CallsByRun } from '../calls-by-run.ts';
import { isTentative, type CallState } from './call-state.ts';
import type { RunCall } from './run-call.ts';

const phaseByKind: Readonly<Record<CallState['kind'], Phase | null>> = {
  proposed: 'waits-for-slot',
  behind: 'waits-for-slot',
  queued: 'waits-for-slot',
  held: 'waits-for-slot',
  granted: 'in-slot',
  cleared: 'in-slot',
  sent: 'in-slot',
  answered: 'answered',
  kept: 'answered',
  failed: 'answered',
  leaving: null,
  over: null,
};

type RunNow = RunPhase & {
  readonly tenant: string;
  readonly runId: RunId;
  readonly turn: number;
  readonly status: RunStatus;
  readonly ended: false;
};

export type CallPhasesOptions = {
  readonly calls: { readonly runs: CallsByRun; readonly pool: Pick<Pool<RunCall>, 'news'> };
  readonly clock: Pick<Clock, 'nowMs'>;
};

export class CallPhases {
  readonly #runs: CallsByRun;
  readonly #pool: Pick<Pool<RunCall>, 'news'>;
  readonly #clock: Pick<Clock, 'nowMs'>;

  constructor({ calls, clock }: CallPhasesOptions) {
    this.#runs = calls.runs;
    this.#pool = calls.pool;
    this.#clock = clock;
  }

  /** Null: the run has no open call here. */
  nowOf(runId: RunId): RunNow | null {
    return nowOfAll(this.#runs.of(runId));
  }

  /** Of each run that has open calls. */
  *all(): Generator<RunNow, void, undefined> {
    for (const first of this.#runs.firsts()) {
      const now = nowOfAll(this.#runs.of(first.runId));
      if (now !== null) yield now;
    }
  }

  /** Of those of its calls that are in a line, the place from which one is likely to go first. */
  placeOf(runId: RunId): Place | null {
    let best: Place | null = null;
    for (const call of this.#runs.of(runId)) {
      const place = isTentative(call.state) ? null : this.#placeOf(call);
      const isBetter = (place?.estimateMs ?? Infinity) < (best?.estimateMs ?? Infinity);
      if (best === null || isBetter) best = place;
    }
    return best;
  }

  /** By gate, the runs whose calls have stood longest in its line here. */
  longestWaits(): GateWaits[] {
    const nowMs = this.#clock.nowMs();
    const longest = this.#pool.news.longest(longestWaitsMax, ({ state, runId }) =>
      isTentative(state) ? null : runId,
    );
    return [...longest].map(([gate, calls]) => ({
      gate,
      waits: calls.map(({ tenant, runId, user, pipeline, enteredAtMs }) => {
        const waitedMs = Math.round(Math.max(0, nowMs - enteredAtMs));
        return { tenant, runId, user, pipeline, waitedMs };
      }),
    }));
  }

  #placeOf(call: RunCall): Place | null {
    return this.#pool.news.placeOf(call, this.#clock.nowMs());
  }

  /** The open calls of the run. */
  callsOf(runId: RunId): CallNow[] {
    return this.#runs.of(runId).flatMap((call) => {
      const of = phaseOf(call);
      const { invocationId, attempt } = call;
      const place = of?.phase === 'waits-for-slot' ? this.#placeOf(call) : null;
      return of === null ? [] : [{ invocationId, attempt, ...of, place }];
    });
  }
}

function nowOfAll(calls: readonly RunCall[]): RunNow | null {
  const [first] = calls;
  if (first === undefined) return null;
  const { phase, provider } = phaseOfAll(calls.flatMap((call) => phaseOf(call) ?? []));
  if (phase === null) return null;
  const { tenant, runId, turn, status } = first;
  return { tenant, runId, turn, status, ended: false, phase, provider };
}

/** Null: no run waits for it, or the turn that asks for it has not committed. */
function phaseOf({ state }: RunCall): Pick<CallNow, 'phase' | 'provider'> | null {
  const phase = isTentative(state) ? null : phaseByKind[state.kind];
  if (phase === null) return null;
  return { phase, provider: 'slot' in state ? state.slot.provider : null };
}
