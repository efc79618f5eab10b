/** A run's state and the lines of its journal in the words of an inspector. */
import type { JournalEntry } from '../../../domain/event.ts';
import type { RunState } from '../../../store/watch-port.ts';
import type { InspectedEvent, InspectedRun, InspectedState } from './encoder-port.ts';
import type { Shown } from './redaction.ts';

/** Null: what runs hold is not shown. */
export type Showing = Shown | null;

const statuses: Readonly<Record<string, InspectedState['status']>> = {
  completed: 'done',
  failed: 'error',
  cancelled: 'stopped',
};

export function stateOf(
  { runId, agent }: Pick<InspectedRun, 'runId' | 'agent'>,
  { head, chartText, outputText, error }: RunState,
  shown: Showing,
): InspectedState {
  const { value, context } = JSON.parse(chartText ?? '{}') as {
    value?: unknown;
    context?: unknown;
  };
  const status = head.endedAtMs === null ? 'active' : (statuses[head.status] ?? 'done');
  const state = { status, ...(value === undefined ? {} : { value }) };
  if (shown === null) return state;
  const at = { agent, runId };
  return {
    ...state,
    ...(context === undefined ? {} : { context: shown(context, { ...at, kind: 'context' }) }),
    ...(outputText === null
      ? {}
      : { output: shown(JSON.parse(outputText), { ...at, kind: 'output' }) }),
    ...(error === null ? {} : { error: shown(error, { ...at, kind: 'error' }) }),
  };
}

/** XState's own names for what it makes itself; `heddle.` stands before what no chart gets. */
function typeOf(entry: JournalEntry): string {
  switch (entry.kind) {
    case 'start':
      return 'xstate.init';
    case 'done':
      return `xstate.done.actor.${entry.id}`;
    case 'failed':
      return `xstate.error.actor.${entry.id}`;
    case 'timer':
      return entry.id;
    case 'event':
      return entry.event.type;
    default:
      return `heddle.${entry.kind}`;
  }
}

/** What an entry holds beside its type. */
function fieldsOf(entry: JournalEntry): Readonly<Record<string, unknown>> {
  switch (entry.kind) {
    case 'start':
      return { input: entry.input };
    case 'done':
      return { actorId: entry.id, output: entry.output };
    case 'failed':
      return { actorId: entry.id, error: entry.error };
    case 'timer':
      return {};
    case 'event': {
      const { type: _, ...fields } = entry.event;
      return fields;
    }
    default: {
      const { kind: _, ...fields } = entry;
      return fields;
    }
  }
}

export function eventOf(
  run: Pick<InspectedRun, 'runId' | 'agent'>,
  entry: JournalEntry,
  shown: Showing,
): InspectedEvent {
  const type = typeOf(entry);
  if (shown === null) return { type };
  const fields = shown(fieldsOf(entry), { agent: run.agent, runId: run.runId, kind: 'event' });
  const isNamed = typeof fields === 'object' && fields !== null && !Array.isArray(fields);
  // The type is the event's own, whatever a host's function has made of it.
  return isNamed ? { ...fields, type } : { type, fields };
}

/** The run that an event came from, where the journal knows it. */
export const sourceOf = (entry: JournalEntry): string | null =>
  entry.kind === 'failed' ? (entry.run ?? null) : null;

/** The chart as it is written, but for the context that it begins with: runs hold that. */
export function chartOf(
  { runId, agent }: Pick<InspectedRun, 'runId' | 'agent'>,
  definition: unknown,
  shown: Showing,
): unknown {
  const isChart = typeof definition === 'object' && definition !== null && 'context' in definition;
  if (!isChart) return definition;
  const { context, ...chart } = definition;
  if (shown === null) return chart;
  return { ...chart, context: shown(context, { agent, runId, kind: 'context' }) };
}
