/** A kept state of a chart in a form for people: where it is, what it holds open, and what a turn opened and stopped. */
import type { Effect, InvocationSource } from '../../domain/effect.ts';
import type { Json } from '../../domain/json.ts';

/** What an invocation invokes: an actor of heddle's own, a task, a child run. */
export type InvokedKind =
  | 'generate'
  | 'receive'
  | 'publish'
  | 'remember'
  | 'recall'
  | 'forget'
  | 'evaluate'
  | 'ask'
  | 'task'
  | 'child';

/** What a run had open after a turn. */
export type PastOpen =
  | {
      /** Marks an invocation without a result. */
      readonly kind: 'invocation';
      /** Its id. */
      readonly id: string;
      /** Which start of the invocation. */
      readonly incarnation: number;
      /** What is invoked, as where a turn opens it; null where no chart here can tell. */
      readonly source: InvokedKind | null;
      /** Its actor's name in the chart. */
      readonly src: string;
      /** Of a child run: its agent. */
      readonly agent?: string;
      /** Its input, if it has one. */
      readonly input?: Json;
    }
  | {
      /** Marks a timer of the chart. */
      readonly kind: 'timer';
      /** Names the delay and the state. */
      readonly id: string;
      /** Which start of the timer. */
      readonly generation: number;
    };

/** What a turn opened: an invocation that its chart began, or a timer that it set. */
export type TurnOpened =
  | {
      /** Marks an invocation. */
      readonly kind: 'invocation';
      /** Its id. */
      readonly id: string;
      /** Which start of the invocation. */
      readonly incarnation: number;
      /** What is invoked: an actor of heddle's own, a task, a child run. */
      readonly source: InvokedKind;
      /** Its name: that of the actor or task, or of the child's agent. */
      readonly src: string;
    }
  | {
      /** Marks a timer of the chart. */
      readonly kind: 'timer';
      /** Names the delay and the state. */
      readonly id: string;
      /** Which start of the timer. */
      readonly generation: number;
      /** When it rings, in ms from its turn. */
      readonly delayMs: number;
    };

/** What a turn stopped before it had a result, or before it rang. */
export type TurnStopped =
  | {
      /** Marks an invocation. */
      readonly kind: 'invocation';
      /** Its id. */
      readonly id: string;
      /** Which start of the invocation. */
      readonly incarnation: number;
    }
  | {
      /** Marks a timer of the chart. */
      readonly kind: 'timer';
      /** Names the delay and the state. */
      readonly id: string;
      /** Which start of the timer. */
      readonly generation: number;
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
  readonly timers?: readonly { readonly id: string; readonly generation: number }[];
};

/** What an actor of the chart stands for, by its name there; null where that is not known. */
export type SourceOf = (src: string) => InvocationSource | null;

/** `text`: the state as the kernel persists it; null before the chart began, or where nothing is kept. */
export function keptState(text: string | null, asOf: number | null, sourceOf: SourceOf): Kept {
  if (text === null) return { asOf, value: null, context: null, open: [] };
  const { status, value, context, children = [], timers = [] } = JSON.parse(text) as Shown;
  if (status !== 'active') return { asOf, value, context, open: [] };
  const open: PastOpen[] = [];
  for (const { id, incarnation, src, input, ended } of children) {
    if (ended === true) continue;
    const source = sourceOf(src);
    open.push({
      kind: 'invocation',
      id,
      incarnation,
      source: source?.kind ?? null,
      src,
      ...(source?.kind === 'child' ? { agent: source.agent } : {}),
      ...(input === undefined ? {} : { input }),
    });
  }
  for (const { id, generation } of timers) open.push({ kind: 'timer', id, generation });
  return { asOf, value, context, open };
}

/** What an effect opens; null for one that opens nothing. */
export function openedBy(effect: Effect): TurnOpened | null {
  if (effect.kind === 'schedule') {
    const { id, generation, delayMs } = effect;
    return { kind: 'timer', id, generation, delayMs };
  }
  if (effect.kind !== 'invoke') return null;
  const { id, incarnation, source } = effect;
  return { kind: 'invocation', id, incarnation, source: source.kind, src: nameOf(source) };
}

const nameOf = (source: InvocationSource): string =>
  source.kind === 'task' ? source.src : source.kind === 'child' ? source.agent : source.kind;

/** What an effect stops; null for one that stops nothing. */
export function stoppedBy(effect: Effect): TurnStopped | null {
  if (effect.kind === 'stop') {
    return { kind: 'invocation', id: effect.id, incarnation: effect.incarnation };
  }
  if (effect.kind !== 'unschedule') return null;
  return { kind: 'timer', id: effect.id, generation: effect.generation };
}
