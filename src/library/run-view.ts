/** A run's row in a form for people: the state of its chart, and its open invocations. */
import type { Json } from '../domain/json.ts';
import type { RunRow, TimerRow } from '../store/rows.ts';
import { splitTimer } from '../runtime/turn/draft.ts';
import { heldFromText, noted } from '../runtime/turn/held.ts';

/** An invocation that has no result yet, with heddle's notes on it. */
export type OpenView = {
  readonly id: string;
  readonly src: string;
  readonly input?: Json;
  /** The child run, if the invocation is a child. */
  readonly runId?: string;
  readonly agent?: string;
  /** The channels, if the invocation is a receive. */
  readonly channels?: readonly string[];
  /** When its time limit ends it. */
  readonly dueInMs?: number;
};

/** A timer of the chart. XState's id for it names the delay and the state. */
type TimerView = { readonly id: string; readonly dueInMs: number };

export type RunView = {
  readonly state: Json;
  readonly context: Json;
  readonly open: readonly OpenView[];
  /** Timers of the chart, soonest first. */
  readonly timers: readonly TimerView[];
};

/** The fields of a persisted state that are shown. */
type Shown = {
  readonly value: Json;
  readonly context: Json;
  readonly children?: readonly {
    readonly id: string;
    readonly src: string;
    readonly input?: Json;
    readonly ended?: true;
  }[];
};

/** The view of a run; null before its first turn. A run that has ended has nothing open. */
export function runView(
  { chartText, heldText, endedAtMs }: RunRow,
  timers: readonly TimerRow[] = [],
): RunView | null {
  if (chartText === null) return null;
  const { value, context, children = [] } = JSON.parse(chartText) as Shown;
  if (endedAtMs !== null) return { state: value, context, open: [], timers: [] };
  const held = heldFromText(heldText);
  const due = timers.map(({ timerId, dueInMs }) => ({ ...splitTimer(timerId), dueInMs }));
  const open = children.flatMap(({ id, src, input, ended }): OpenView[] => {
    if (ended === true) return [];
    const child = noted(held.children, id);
    const receive = noted(held.receives, id);
    const limit = due.find((timer) => timer.of === 'limit' && timer.id === id);
    return [
      {
        id,
        src,
        ...(input === undefined ? {} : { input }),
        ...(child === undefined ? {} : { runId: child.runId, agent: child.agent }),
        ...(receive === undefined ? {} : { channels: receive.channels.map((at) => at.channel) }),
        ...(limit === undefined ? {} : { dueInMs: limit.dueInMs }),
      },
    ];
  });
  const own = due.flatMap(({ of, id, dueInMs }) => (of === 'chart' ? [{ id, dueInMs }] : []));
  return { state: value, context, open, timers: own };
}

/** The state value of a run's chart; null before its first turn. */
export function stateValueOf({ chartText }: Pick<RunRow, 'chartText'>): Json {
  return chartText === null ? null : (JSON.parse(chartText) as Shown).value;
}
