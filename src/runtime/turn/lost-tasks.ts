/**
 * Tasks whose process ended while they ran. The run's next owner begins them again (promise 3). But a
 * task that itself ends its process would do so for ever, so lost attempts are counted in the run's row
 * before the next attempt begins, and after too many the task fails.
 *
 * It owns the count and the pauses. It leaves to `recovery.ts` when attempts were lost, and to
 * `run-tasks.ts` not to begin a task that pauses.
 *
 * 1. A takeover counts once for each task that was open before it and had begun, even if word of it
 *    comes again.
 * 2. From the second loss on a task pauses before it begins again, each task for a random time of its
 *    own. So tasks that only ran beside the one that ends the process come to their end meanwhile, or
 *    had not begun when it ended again: they are not given up with it.
 * 3. The count of a task is forgotten with its invocation.
 */
import { heddleError } from '../../domain/errors.ts';
import type { RunEvent } from '../../domain/event.ts';
import { limits } from '../../domain/limits.ts';
import { taskPolicyOf } from '../../kernel/catalogue.ts';
import type { ChartState, OpenInvocation } from '../../kernel/port.ts';
import { againTimer, clearTimer, setTimer, type Draft } from './draft.ts';
import { noted, without, type Held, type LostAttempts } from './held.ts';
import type { Incoming } from './incoming.ts';

type Loss = Extract<Incoming, { kind: 'lost' }>;

/**
 * Counts the losses. Gives the failures of the tasks that are given up, for the chart. The others begin
 * again after this turn's commit, or after their pause.
 */
export function loseTasks(
  draft: Draft,
  state: ChartState | null,
  losses: readonly Loss[],
): RunEvent[] {
  const loss = losses.at(-1);
  if (loss === undefined) return [];
  return openBefore(draft, state).flatMap((task) => lose(draft, task, loss) ?? []);
}

/** The tasks that were open before this turn: what this turn has begun was not lost. */
function openBefore({ from }: Draft, state: ChartState | null): readonly OpenInvocation[] {
  const before = from.state?.invocations ?? [];
  return (state?.invocations ?? []).filter(
    ({ id, incarnation, source }) =>
      source.kind === 'task' &&
      before.some((open) => open.id === id && open.incarnation === incarnation),
  );
}

function lose(draft: Draft, task: OpenInvocation, { epoch, spread }: Loss): RunEvent | null {
  const { id, incarnation, source } = task;
  if (source.kind !== 'task') return null;
  const before = lostOf(draft.held, task);
  if (before?.isWaiting === true || before?.epoch === epoch) return null;
  const attempts = (before?.attempts ?? 0) + 1;
  draft.journal.push({ kind: 'attempt-lost', id, attempt: attempts });
  const { attempts: asked = 1 } = taskPolicyOf(draft.from.agent.taskLogic(source.src));
  if (attempts >= Math.max(asked, limits.lostAttemptsMax)) {
    const error = heddleError('task-lost', { src: source.src, attempts }).toJSON();
    return { kind: 'failed', id, incarnation, error, attempts };
  }
  const lost = { incarnation, attempts, epoch };
  if (attempts === 1) noteLost(draft, id, lost);
  else {
    noteLost(draft, id, { ...lost, isWaiting: true });
    const delayMs = Math.ceil(
      spread * Math.min(1_000 * 2 ** (attempts - 2), limits.lostPauseMsMax),
    );
    setTimer(draft, { timerId: againTimer(id), generation: incarnation, delayMs });
  }
  return null;
}

/** The task's pause is over: it begins after this turn's commit. */
export function endPause(draft: Draft, task: OpenInvocation): void {
  const lost = lostOf(draft.held, task);
  if (lost === undefined) return;
  const { isWaiting: _, ...begun } = lost;
  noteLost(draft, task.id, begun);
}

/** The invocation has its result, or its chart has left it. */
export function forgetLost(draft: Draft, id: string): void {
  const lost = noted(draft.held.lost ?? {}, id);
  if (lost === undefined) return;
  if (lost.isWaiting === true) clearTimer(draft, againTimer(id));
  const { lost: all = {}, ...held } = draft.held;
  const rest = without(all, id);
  draft.held = Object.keys(rest).length === 0 ? held : { ...held, lost: rest };
}

/** True while the task pauses before it begins again: it wants no permit. */
export function isWaiting(held: Held, task: OpenInvocation): boolean {
  return lostOf(held, task)?.isWaiting === true;
}

export function waitingReason({ lost = {} }: Held): string | null {
  const [id, waiting] = Object.entries(lost).find(([, one]) => one.isWaiting === true) ?? [];
  if (waiting === undefined) return null;
  return `task ${id} begins again after a pause: the process ended during its attempt ${waiting.attempts}`;
}

function noteLost(draft: Draft, id: string, lost: LostAttempts): void {
  draft.held = { ...draft.held, lost: { ...draft.held.lost, [id]: lost } };
}

function lostOf(held: Held, { id, incarnation }: OpenInvocation): LostAttempts | undefined {
  const lost = noted(held.lost ?? {}, id);
  return lost?.incarnation === incarnation ? lost : undefined;
}
