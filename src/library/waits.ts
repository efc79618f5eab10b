/**
 * The things for which a run waits, in plain words, for people who look at one run.
 *
 * Reads the run's row and the rows beside it (timers, questions, slots, providers), so any process
 * can do it. Only the run's owner knows the trouble of its calls and which of its tasks wait in
 * line: wait-status.ts writes those into the row as its reason, which is given here unchanged.
 *
 * 1. Each open thing of the run is named once, with the end of its wait; `heldMax` of them at most.
 */
import { askIdOf } from '../domain/ask-id.ts';
import type { Store } from '../store/port.ts';
import type { QuestionRow, RunRow, TimerRow } from '../store/rows.ts';
import type { ProviderRow, SlotRow } from '../store/provider-rows.ts';
import { limits } from '../domain/limits.ts';
import { runView, type OpenView, type RunView } from './run-view.ts';
import { heldFromText } from '../runtime/turn/held.ts';

const heldMax = 20;
/**
 * The most timers of a run that are read. Each open invocation may have one, and the chart some of its
 * own.
 */
const timersMax = 1_000;

export type Beside = {
  readonly timers: readonly TimerRow[];
  readonly questions: readonly QuestionRow[];
  /** Slots that hold calls of the run. */
  readonly slots: readonly SlotRow[];
  readonly gates: readonly (ProviderRow & { readonly inUse: number })[];
};

const nothingBeside: Beside = { timers: [], questions: [], slots: [], gates: [] };

/** Reads the rows beside the run's row. A run that has ended or has not begun has none. */
export async function besideOf(store: Store, row: RunRow): Promise<Beside> {
  if (row.endedAtMs !== null || row.chartText === null) return nothingBeside;
  const { tenant, runId, shard } = row;
  const [timers, questions, slots, gates] = await Promise.all([
    store.timersOf({ tenant, runId, limit: timersMax }),
    store.questions({ tenant, runId, limit: limits.invocationsMax }),
    store.slots([shard]),
    store.providers(),
  ]);
  return { timers, questions, slots: slots.filter((slot) => slot.call?.runId === runId), gates };
}

/** Lists the things for which the run waits; null when it has ended. */
export function waitText(row: RunRow, beside: Beside): string | null {
  if (row.endedAtMs !== null) return null;
  const { status, reason } = row;
  if (status === 'paused') return pausedText(row);
  if (status === 'queued') {
    return reason ?? 'it has not begun: runs that came before it, or go before it, begin first';
  }
  if (reason !== null) return reason;
  const view = runView(row, beside.timers);
  if (view === null || status === 'admitted') return 'its turn is under way';
  const parts = [
    ...view.open.map((open) => openText(open, { row, view, beside })),
    ...view.timers.map(({ id, dueInMs }) => `timer ${id} is due ${inTime(dueInMs)}`),
  ];
  if (parts.length === 0) {
    return `state ${stateText(view)}: it waits for an event from outside (send), and has nothing else open`;
  }
  const more = parts.length > heldMax ? [`and ${parts.length - heldMax} more`] : [];
  return [...parts.slice(0, heldMax), ...more].join('; ');
}

function pausedText({ reason, heldText }: RunRow): string {
  const { pausedBy } = heldFromText(heldText);
  const isParents = pausedBy?.parent === true && !pausedBy.person;
  const who = isParents ? 'with its parent' : 'by a person';
  return `paused ${who}${reason === null ? '' : ` (${reason})`}; it goes on when ${isParents ? 'its parent' : 'it'} is resumed`;
}

type Of = { readonly row: RunRow; readonly view: RunView; readonly beside: Beside };

function openText(open: OpenView, of: Of): string {
  const until = open.dueInMs === undefined ? '' : `, ${inTime(open.dueInMs)} at the latest`;
  return openName(open, of) + until;
}

function openName(open: OpenView, { row, beside }: Of): string {
  const { id, channels, runId, agent } = open;
  if (channels !== undefined) {
    return `${id} waits for messages on ${channels.length > 1 ? 'channels' : 'channel'} ${channels.join(', ')}`;
  }
  if (runId !== undefined) return `${id} waits for the end of child run ${runId} of agent ${agent}`;
  const question = beside.questions.find(({ invocationId }) => invocationId === id);
  if (question !== undefined) {
    const { question: words } = JSON.parse(question.questionText) as { readonly question: string };
    // oxlint-disable-next-line no-restricted-globals -- an instant as text: no clock is read
    const asked = new Date(question.askedAtMs).toISOString();
    return `${id} waits for a person's answer, asked ${asked}: "${shortened(words)}" (answer ${askIdOf(question)})`;
  }
  const slot = beside.slots.find(({ call }) => call?.invocationId === id);
  if (slot !== undefined) {
    return `call ${id} is out at provider ${slot.provider}, attempt ${slot.call?.attempt ?? 1}`;
  }
  if (isCall(open)) return `call ${id} waits for a slot: ${gatesText(open, beside)}`;
  if (open.src === 'ask') return `${id} waits for a person's answer`;
  return row.status === 'running-task' ? `task ${id} (${open.src}) runs` : `${id} (${open.src})`;
}

/** In XState's persisted state, a call and a task differ only by their input. */
function isCall({ src, input }: OpenView): boolean {
  if (src === 'generate') return true;
  if (typeof input !== 'object' || input === null) return false;
  return ['prompt', 'messages', 'conversation'].some((key) => key in input);
}

function gatesText({ input }: OpenView, { gates }: Beside): string {
  const { provider, providers = provider === undefined ? [] : [provider] } = (input ?? {}) as {
    readonly provider?: string;
    readonly providers?: readonly string[];
  };
  const known = gates.filter(
    ({ gate }) =>
      providers.length === 0 ||
      providers.some((name) => gate === name || gate.startsWith(`${name}/`)),
  );
  if (known.length === 0) return 'all of its providers are taken, or it is about to leave';
  return known.map(gateText).join(', ');
}

function gateText(row: Beside['gates'][number]): string {
  const { gate, status, coolForMs, probeInMs, inUse, limit, lastFault } = row;
  const said = lastFault === null ? '' : ` (${shortened(lastFault.text)})`;
  if (status === 'cooling') return `${gate} asks to wait, for ${seconds(coolForMs)} more`;
  if (status === 'stalled' || status === 'probing') {
    return `${gate} does not answer${said} and is asked again ${inTime(probeInMs)}`;
  }
  if (status === 'parked') return `${gate} is parked${said} until a person reopens it`;
  return `${gate} has ${inUse} of ${limit} slots taken`;
}

function stateText({ state }: RunView): string {
  return typeof state === 'string' ? state : JSON.stringify(state);
}

function shortened(words: string): string {
  return words.length <= 200 ? words : `${words.slice(0, 200)}…`;
}

const seconds = (ms: number): string => `${Math.max(ms, 0) / 1_000} s`;
const inTime = (ms: number): string => (ms <= 0 ? 'now' : `in ${seconds(ms)}`);
