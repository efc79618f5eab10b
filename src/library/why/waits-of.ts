/**
 * The things for which a run waits, as data, for people and pages that look at one run.
 *
 * It is made of the run's row and the rows beside it (timers, questions, slots, providers), so any process
 * can make it. Only the run's owner knows the trouble of its calls and which of its tasks wait in line:
 * wait-status.ts writes those into the row as its reason, which stands here unchanged. Phases and places are in
 * no row; they are here when the owner was asked and has answered.
 *
 * 1. Each open thing of the run stands here once, with the end of its wait.
 */
import { askIdOf } from '../../domain/ask-id.ts';
import type { Json } from '../../domain/json.ts';
import { heldFromText } from '../../runtime/turn/held.ts';
import type { BudgetRow } from '../../store/charges.ts';
import type { RunRow } from '../../store/rows.ts';
import { openQuestion } from '../answers.ts';
import { runView, type OpenView } from '../run-view.ts';
import type { Beside } from './beside.ts';
import { gatesNamed, reasonKind } from './reason-kind.ts';
import type { BudgetState, GateState, OpenWait, Wait } from './wait.ts';

/** Lists the things for which the run waits; empty when it has ended. */
export function waitsOf(row: RunRow, beside: Beside): readonly Wait[] {
  if (row.endedAtMs !== null) return [];
  const { owner } = beside;
  const isLost = owner?.kind === 'unknown' && !owner.isOwned;
  const lost: readonly Wait[] = isLost ? [{ kind: 'owner', reason: owner.why }] : [];
  return [...lost, ...ownWaits(row, beside)];
}

function ownWaits(row: RunRow, beside: Beside): readonly Wait[] {
  const { status, reason, agent, version } = row;
  if (status === 'paused') return [{ kind: 'pause', ...pausedBy(row), reason }];
  if (status === 'queued') {
    const place = beside.owner?.kind === 'known' ? beside.owner.view.begin : null;
    return [{ kind: 'begin', reason, place }];
  }
  if (reason !== null) return [reasonWait({ ...row, reason }, beside)];
  const view = runView(row, beside.timers);
  if (view === null || status === 'admitted') return [{ kind: 'turn' }];
  const waits: readonly Wait[] = [
    ...view.open.map((open) => openWait(open, row, beside)),
    ...view.timers.map(({ id, dueInMs }): Wait => ({ kind: 'timer', id, dueInMs })),
  ];
  return waits.length > 0 ? waits : [{ kind: 'event', state: view.state }];

  function reasonWait(stuck: { readonly reason: string }, { gates, budgets }: Beside): Wait {
    const kind = reasonKind(row);
    const why = { kind, reason: stuck.reason };
    if (kind === 'version') return { ...why, kind, agent, version };
    if (kind === 'budget') return { ...why, kind, budgets: budgets.map(budgetState) };
    if (kind === 'backoff' || kind === 'stalled' || kind === 'parked') {
      const named = gatesNamed(stuck.reason);
      const isNamed = ({ gate }: Beside['gates'][number]): boolean => named.has(gate);
      return { ...why, kind, gates: gates.filter(isNamed).map(gateState) };
    }
    return { ...why, kind };
  }
}

function pausedBy({ heldText }: RunRow): Pick<Extract<Wait, { kind: 'pause' }>, 'by' | 'sender'> {
  const { person = true, parent = false, by = null } = heldFromText(heldText).pausedBy ?? {};
  return { by: parent && !person ? 'parent' : 'person', sender: by };
}

function openWait(open: OpenView, row: RunRow, beside: Beside): Wait {
  const { id: invocationId, src, channels, runId, agent, dueInMs = null } = open;
  const of = { invocationId, dueInMs };
  if (channels !== undefined) return { kind: 'channel', ...of, channels };
  if (runId !== undefined) return { kind: 'child', ...of, runId, agent: agent ?? '' };
  const question = beside.questions.find((one) => one.invocationId === invocationId);
  if (question !== undefined) {
    const { question: words, assignee, askedAtMs } = openQuestion(question);
    return {
      kind: 'person',
      ...of,
      question: words,
      askId: askIdOf(question),
      assignee,
      askedAtMs,
    };
  }
  const call = callWait(open, of, beside);
  if (call !== null) return call;
  if (src === 'ask') {
    return { kind: 'person', ...of, question: null, askId: null, assignee: null, askedAtMs: null };
  }
  return { kind: row.status === 'running-task' ? 'task' : 'other', ...of, src };
}

/** The run's owner knows where the call is; else the rows of slots say who is in one. */
function callWait(open: OpenView, of: OpenWait, { owner, ...beside }: Beside): Wait | null {
  const { invocationId } = of;
  const calls = owner?.kind === 'known' ? owner.view.calls : [];
  const now = calls.find((call) => call.invocationId === invocationId) ?? null;
  const slot = beside.slots.find(({ call }) => call?.invocationId === invocationId);
  const provider = now === null ? slot?.provider : now.provider;
  if (provider !== undefined && provider !== null) {
    const attempt = now?.attempt ?? slot?.call?.attempt ?? 1;
    return { kind: 'call', ...of, phase: now?.phase ?? null, provider, attempt };
  }
  if (now === null && !isCall(open)) return null;
  const { phase = null, place = null } = now ?? {};
  const gates = place === null ? gatesOf(open.input, beside) : gatesIn(place.line, beside);
  return { kind: 'slot', ...of, phase, place, gates };
}

/** In XState's persisted state, a call and a task differ only by their input. */
function isCall({ src, input }: OpenView): boolean {
  if (src === 'generate') return true;
  if (typeof input !== 'object' || input === null) return false;
  return ['prompt', 'messages', 'conversation'].some((key) => key in input);
}

function gatesOf(input: Json | undefined, { gates }: Pick<Beside, 'gates'>): readonly GateState[] {
  const { provider, providers = provider === undefined ? [] : [provider] } = (input ?? {}) as {
    readonly provider?: string;
    readonly providers?: readonly string[];
  };
  const isAsked = ({ gate }: Beside['gates'][number]): boolean =>
    providers.length === 0 ||
    providers.some((name) => gate === name || gate.startsWith(`${name}/`));
  return gates.filter(isAsked).map(gateState);
}

/** The owner knows which gates lead to the line; the rows hold those of all replicas, also of earlier ones. */
function gatesIn(line: string, { gates }: Pick<Beside, 'gates'>): readonly GateState[] {
  const names = new Set(line.split(', '));
  return gates.filter(({ gate }) => names.has(gate)).map(gateState);
}

function gateState(row: Beside['gates'][number]): GateState {
  const { gate, status, inUse, limit, coolForMs, probeInMs, lastFault } = row;
  const isStalled = status === 'stalled' || status === 'probing';
  return {
    gate,
    status,
    inUse,
    limit,
    coolForMs: status === 'cooling' ? Math.max(coolForMs, 0) : 0,
    probeInMs: isStalled ? probeInMs : null,
    lastFault,
  };
}

function budgetState(row: BudgetRow): BudgetState {
  const { scope, owner, tokensMax, microsMax, perDay, spent, reserved } = row;
  const left = (max: number | null, of: 'tokens' | 'micros'): number | null =>
    max === null ? null : max - spent[of] - reserved[of];
  const tokensLeft = left(tokensMax, 'tokens');
  return { scope, owner, tokensLeft, microsLeft: left(microsMax, 'micros'), perDay };
}
