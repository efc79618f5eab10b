/**
 * Limits how long an invocation may stay open: from the commit of the turn that began it to its result,
 * together with its time in lines. The limit is a timer of the run, so it keeps its absolute deadline
 * over restarts (promise 4) and costs no memory. Calls and tasks limit their single attempts themselves.
 */
import { checkGenerate } from '../../domain/model/generate-input.ts';
import { taskPolicyOf } from '../../kernel/catalogue.ts';
import type { Agent, OpenInvocation } from '../../kernel/port.ts';
import { clearTimer, limitTimer, setTimer, type Draft } from './draft.ts';

/** The limit of a call or a task; null when it has none. */
function limitMs(agent: Agent, { source, input }: Pick<OpenInvocation, 'source' | 'input'>) {
  if (source.kind === 'generate') return checkGenerate(input ?? null).timeoutMs ?? null;
  if (source.kind !== 'task') return null;
  return taskPolicyOf(agent.taskLogic(source.src)).timeoutMs ?? null;
}

/** The limit that an open invocation has passed, for its error. */
export function passedMs(agent: Agent, invocation: OpenInvocation): number {
  const { source, input } = invocation;
  if (source.kind === 'task') return limitMs(agent, invocation) ?? 0;
  return Number((input as { timeoutMs?: number }).timeoutMs ?? 0);
}

/** A call or a task begins: sets the timer of its limit. */
export function beginLimit(
  draft: Draft,
  invocation: Pick<OpenInvocation, 'id' | 'incarnation' | 'source' | 'input'>,
): void {
  const delayMs = limitMs(draft.from.agent, invocation);
  if (delayMs === null) return;
  const { id, incarnation } = invocation;
  setTimer(draft, { timerId: limitTimer(id), generation: incarnation, delayMs });
}

/**
 * The invocation has its result, or its chart has left it: clears the timer. Without a limit this costs
 * no write.
 */
export function endLimit(draft: Draft, id: string): void {
  const timerId = limitTimer(id);
  if (draft.setTimers.has(timerId)) return clearTimer(draft, timerId);
  const { agent, state } = draft.from;
  const open = state?.invocations.find((invocation) => invocation.id === id);
  if (open !== undefined && hasLimit(agent, open)) clearTimer(draft, timerId);
}

function hasLimit(agent: Agent, { source, input }: OpenInvocation): boolean {
  if (source.kind === 'task')
    return taskPolicyOf(agent.taskLogic(source.src)).timeoutMs !== undefined;
  if (source.kind !== 'generate' || typeof input !== 'object' || input === null) return false;
  return (input as { timeoutMs?: number }).timeoutMs !== undefined;
}
