/** A kept state of a chart in a form for people: where it is, and what it holds open. */
import type { Json } from '../../domain/json.ts';

/** What a run had open after a turn. */
export type PastOpen =
  | {
      /** Marks an invocation without a result. */
      readonly kind: 'invocation';
      /** Its id. */
      readonly id: string;
      /** Which start of the invocation. */
      readonly incarnation: number;
      /** Its actor's name in the chart. */
      readonly src: string;
      /** Its input, if it has one. */
      readonly input?: Json;
    }
  | {
      /** Marks a timer of the chart. */
      readonly kind: 'timer';
      /** Names the delay and the state. */
      readonly id: string;
    };

export type Kept = {
  readonly asOf: number | null;
  readonly value: Json;
  readonly context: Json;
  readonly open: readonly PastOpen[];
};

/** The parts of a persisted state that are shown. */
type Shown = {
  readonly status: string;
  readonly value: Json;
  readonly context: Json;
  readonly children?: readonly {
    readonly id: string;
    readonly incarnation: number;
    readonly src: string;
    readonly input?: Json;
    readonly ended?: true;
  }[];
  readonly timers?: readonly { readonly id: string }[];
};

/** `text`: the state as the kernel persists it; null before the chart began, or where nothing is kept. */
export function keptState(text: string | null, asOf: number | null): Kept {
  if (text === null) return { asOf, value: null, context: null, open: [] };
  const { status, value, context, children = [], timers = [] } = JSON.parse(text) as Shown;
  if (status !== 'active') return { asOf, value, context, open: [] };
  const open: PastOpen[] = [];
  for (const { id, incarnation, src, input, ended } of children) {
    if (ended === true) continue;
    const given = input === undefined ? {} : { input };
    open.push({ kind: 'invocation', id, incarnation, src, ...given });
  }
  for (const { id } of timers) open.push({ kind: 'timer', id });
  return { asOf, value, context, open };
}
