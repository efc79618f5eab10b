/** The effects that a chart may ask for: the kernel's answer to one event, in order, a union on `kind`. */
import type { ChartEvent } from './event.ts';
import type { Json } from './json.ts';

/** The logic of an invocation: an actor of the catalogue, a task, or another agent. */
export type InvocationSource =
  | { readonly kind: CatalogueName }
  /** `src` is the key in the agent's `actors`. */
  | { readonly kind: 'task'; readonly src: string }
  /** `agent` is the id of the child's chart; its version is the newest that is registered. */
  | { readonly kind: 'child'; readonly agent: string };

export const catalogueNames = [
  'generate',
  'receive',
  'publish',
  'remember',
  'recall',
  'forget',
  'evaluate',
  'ask',
] as const;
export type CatalogueName = (typeof catalogueNames)[number];

export type Effect =
  | {
      readonly kind: 'invoke';
      readonly id: string;
      readonly incarnation: number;
      readonly source: InvocationSource;
      readonly input: Json | undefined;
    }
  | { readonly kind: 'stop'; readonly id: string; readonly incarnation: number }
  | {
      readonly kind: 'schedule';
      readonly id: string;
      readonly generation: number;
      readonly delayMs: number;
    }
  | { readonly kind: 'unschedule'; readonly id: string; readonly generation: number }
  /** To the parent run, or to a child run that this run has open. Never delayed: see `schedule`. */
  | {
      readonly kind: 'send';
      readonly to: 'parent' | { readonly child: string };
      readonly event: ChartEvent;
    }
  /** A named custom action: performed after the commit, at most once. */
  | { readonly kind: 'act'; readonly perform: () => void; readonly type: string }
  | { readonly kind: 'emit'; readonly event: ChartEvent };
