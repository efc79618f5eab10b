/** What the kernel keeps of a run beside XState's snapshot. Immutable: a step makes another. */
import type { ChartEvent } from '../domain/event.ts';
import type { OpenInvocation, OpenTimer } from './port.ts';

/**
 * A child in XState's sense: something invoked or spawned and not yet left. One that has ended stays
 * until its state is left, as in a live actor, because a chart may still send to it, to no effect.
 */
export type Child = OpenInvocation & { readonly src: string; readonly ended: boolean };

export type TimerTarget =
  'self' | 'parent' | { readonly child: string; readonly incarnation: number };

/** `event` is null for an `after`: the chart itself knows what that one delivers. */
export type Timer = OpenTimer & { readonly event: ChartEvent | null; readonly to: TimerTarget };

export type Frame = {
  /** Numbers incarnations, generations and nameless timers: never given twice within a run. */
  readonly seq: number;
  /** In the order in which XState's own `children` has them. */
  readonly children: readonly Child[];
  readonly timers: readonly Timer[];
};

/** The last number that was given, while a macrostep is computed. */
export type Numbers = { last: number };

export const emptyFrame: Frame = { seq: 0, children: [], timers: [] };

/** `list` with `item` in the place of the one with its id, or at the end. */
export function put<Item extends { readonly id: string }>(
  list: readonly Item[],
  item: Item,
): readonly Item[] {
  const at = list.findIndex((other) => other.id === item.id);
  return at < 0 ? [...list, item] : list.with(at, item);
}

/** `list` without the item of that id. */
export function drop<Item extends { readonly id: string }>(
  list: readonly Item[],
  id: string,
): readonly Item[] {
  return list.filter((item) => item.id !== id);
}
