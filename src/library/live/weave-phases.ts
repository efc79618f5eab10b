/**
 * Where the provider calls of a run stood while its turns left it calling, from the attempts that are kept: the rows of
 * a picture have phases and `backoff` from the run's owner, which tells of no past.
 *
 * 1. It combines calls as the owner does: in a slot if any is, else answered if any is, else `backoff` if all that are
 *    known to be open pause before another attempt, else they wait for a slot.
 * 2. It never says more than the attempts do. What is not known (a request that is still out, an answer too large to be
 *    looked into, a provider that is stalled or parked) stays a wait for a slot.
 * 3. Attempts have the clock of the replica that made them, turns that of the database. An attempt whose result a turn
 *    took ended before it; and no attempt changes a time in which the turns say that the run did something else.
 */
import type { AttemptEnd } from '../../domain/calls/attempt.ts';
import type { Phase } from '../../domain/calls/phase.ts';
import type { RunStatus } from '../../../machines/run.ts';
import type { OtherAttempt, StatusTurn, TakenAttempt } from '../../store/ports/weave-port.ts';

/** `phase`: of a run that calls a provider; absent while its calls wait, or where it is not known. */
export type WeaveStep = {
  readonly atMs: number;
  readonly status: RunStatus;
  readonly phase?: Exclude<Phase, 'waits-for-slot'>;
};

/** After these the call pauses. After a 429 it goes back into its line at once, and the gate cools for all calls. */
const pausing: readonly AttemptEnd[] = ['outage', 'cut', 'timed-out', 'retry-once'];
/** After these it stays open and waits for a slot. */
const waiting: readonly AttemptEnd[] = ['rate-limited', 'refused'];

type Stand = 'in-slot' | 'answered' | 'waits' | 'pauses';
type Edge = { readonly atMs: number; readonly stand: Stand; readonly by: 1 | -1 };
/** `takenMs`: when the turn that took its result was committed; null where none did. */
type Made = TakenAttempt & { readonly how: AttemptEnd; readonly takenMs: number | null };

export type RunPast = {
  /** By turns alone: in order, each status once. */
  readonly steps: readonly WeaveStep[];
  /** The last one first. */
  readonly turns: readonly StatusTurn[];
  readonly others: readonly OtherAttempt[];
  /** The time of the read, and what the run was in at it. */
  readonly atMs: number;
  readonly status: RunStatus;
};

export function withPhases(run: RunPast): readonly WeaveStep[] {
  const { steps, atMs: nowMs } = run;
  if (!steps.some(({ status }) => status === 'calling-provider')) return steps;
  const edges = edgesOf(run).sort((a, b) => a.atMs - b.atMs);
  const counts: Record<Stand, number> = { 'in-slot': 0, answered: 0, waits: 0, pauses: 0 };
  const phased: WeaveStep[] = [];
  let next = 0;
  const passUpTo = (ms: number): void => {
    for (let edge = edges[next]; edge !== undefined && edge.atMs <= ms; edge = edges[++next])
      counts[edge.stand] += edge.by;
  };
  const put = (step: WeaveStep): void => {
    const last = phased.at(-1);
    if (last?.status !== step.status || last.phase !== step.phase) phased.push(step);
  };
  for (const [i, step] of steps.entries()) {
    if (step.status !== 'calling-provider') {
      put(step);
      continue;
    }
    passUpTo(step.atMs);
    put({ atMs: step.atMs, ...standing(counts) });
    const endMs = steps[i + 1]?.atMs ?? nowMs;
    for (let edge = edges[next]; edge !== undefined && edge.atMs < endMs; edge = edges[next]) {
      passUpTo(edge.atMs);
      put({ atMs: edge.atMs, ...standing(counts) });
    }
  }
  return phased;
}

/** As `phaseOfAll` and the wait status have it. */
function standing(counts: Readonly<Record<Stand, number>>): Omit<WeaveStep, 'atMs'> {
  if (counts['in-slot'] > 0) return { status: 'calling-provider', phase: 'in-slot' };
  if (counts.answered > 0) return { status: 'calling-provider', phase: 'answered' };
  const isPause = counts.pauses > 0 && counts.waits === 0;
  return { status: isPause ? 'backoff' : 'calling-provider' };
}

function edgesOf(run: RunPast): Edge[] {
  const edges: Edge[] = [];
  const put = (stand: Stand, fromMs: number, toMs: number): void => {
    if (toMs <= fromMs) return;
    edges.push({ atMs: fromMs, stand, by: 1 }, { atMs: toMs, stand, by: -1 });
  };
  const turnTimes = run.turns.map(({ atMs }) => atMs).reverse();
  // It was opened by an earlier turn; which one is not told.
  const openedMs = ({ sentAtMs }: Made): number =>
    turnTimes[lastUpTo(turnTimes, sentAtMs)] ?? sentAtMs;
  const stepTimes = run.steps.map(({ atMs }) => atMs);
  for (const attempts of attemptsByCall(run).values())
    for (const [i, attempt] of attempts.entries()) {
      const { sentAtMs, endedAtMs, how, takenMs } = attempt;
      const before = attempts[i - 1];
      if (before?.incarnation !== attempt.incarnation) put('waits', openedMs(attempt), sentAtMs);
      put('in-slot', sentAtMs, endedAtMs);
      if (takenMs !== null) put('answered', endedAtMs, takenMs);
      if (takenMs !== null || !(pausing.includes(how) || waiting.includes(how))) continue;
      // Where that is of a later start, the wait before it stands over what is left of this one.
      const after = attempts[i + 1];
      const step = lastUpTo(stepTimes, endedAtMs);
      // A next attempt may be out now: of that nothing is kept.
      const isOpen = after === undefined && step === stepTimes.length - 1;
      const isPause = pausing.includes(how) && (!isOpen || run.status === 'backoff');
      const toMs = after?.sentAtMs ?? stepTimes[step + 1] ?? run.atMs;
      put(isPause ? 'pauses' : 'waits', endedAtMs, toMs);
    }
  return edges;
}

/** By invocation, in the order in which they were made. */
function attemptsByCall({ turns, others }: RunPast): ReadonlyMap<string, readonly Made[]> {
  const all = [
    ...others.map((attempt): Made => ({ ...attempt, takenMs: null })),
    ...turns.flatMap(({ taken, atMs }) => taken.map((attempt) => takenAt(attempt, atMs))),
  ];
  const calls = new Map<string, Made[]>();
  for (const attempt of all) {
    const of = calls.get(attempt.invocationId);
    if (of === undefined) calls.set(attempt.invocationId, [attempt]);
    else of.push(attempt);
  }
  for (const of of calls.values())
    of.sort((a, b) => a.incarnation - b.incarnation || a.sentAtMs - b.sentAtMs);
  return calls;
}

function takenAt(attempt: TakenAttempt, takenMs: number): Made {
  const aheadMs = Math.max(0, attempt.endedAtMs - takenMs);
  const { sentAtMs, endedAtMs } = attempt;
  const times = { sentAtMs: sentAtMs - aheadMs, endedAtMs: endedAtMs - aheadMs };
  return { ...attempt, ...times, how: 'answered', takenMs };
}

/** The place of the last of these times, which are in order, that is not after it; -1 where there is none. */
function lastUpTo(times: readonly number[], ms: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) <= ms) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
