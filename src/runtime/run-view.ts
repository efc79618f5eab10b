/** What a run's row says of its chart, for people: where it stands and what it has open. */
import type { Json } from '../domain/json.ts';
import type { RunRow } from '../store/rows.ts';
import { heldFromText, noted } from './turn/held.ts';

/** An invocation that has no result yet, with what heddle has noted of it. */
type OpenView = {
  readonly id: string;
  readonly src: string;
  readonly input?: Json;
  /** Of a child. */
  readonly runId?: string;
  /** Of a receive. */
  readonly channels?: readonly string[];
};

type RunView = {
  readonly state: Json;
  readonly context: Json;
  readonly open: readonly OpenView[];
  /** Timers that are set, by the ids that XState gives them: they name the delay and the state. */
  readonly timers: readonly string[];
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
  readonly timers?: readonly { readonly id: string }[];
};

/** Null before the first turn. A run that has ended has nothing open. */
export function runView({ chartText, heldText, endedAtMs }: RunRow): RunView | null {
  if (chartText === null) return null;
  const { value, context, children = [], timers = [] } = JSON.parse(chartText) as Shown;
  const held = heldFromText(heldText);
  if (endedAtMs !== null) return { state: value, context, open: [], timers: [] };
  const open = children.flatMap(({ id, src, input, ended }): OpenView[] => {
    if (ended === true) return [];
    const child = noted(held.children, id);
    const receive = noted(held.receives, id);
    return [
      {
        id,
        src,
        ...(input === undefined ? {} : { input }),
        ...(child === undefined ? {} : { runId: child.runId }),
        ...(receive === undefined ? {} : { channels: receive.channels.map((at) => at.channel) }),
      },
    ];
  });
  return { state: value, context, open, timers: timers.map(({ id }) => id) };
}
